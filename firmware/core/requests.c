#include "requests.h"

#include "access.h"
#include "owner.h"
#include "signature.h"

#define RANGE_SIZE 8u
#define DIGEST_SIZE 32u

/* The rights are those of section 11.4; the owner has them all. */
static const struct request_kind kinds[] = {
  [REQUEST_INFO] = { request_info, 0, 0, 0, 0 },
  [REQUEST_GEOMETRY] = { request_geometry, 0, 0, REQUEST_NEEDS_FLASH, 0 },
  [REQUEST_STATUS] = { request_status, 0, 0, 0, 0 },
  [REQUEST_HASH] = { request_hash, 13, 13, REQUEST_NEEDS_FLASH, RIGHT_FLASH | RIGHT_ERASE | RIGHT_READ },
  [REQUEST_READ] = { request_read, 6, 6, REQUEST_NEEDS_FLASH, RIGHT_READ },
  [REQUEST_VERIFY] = { request_verify, 40, 40, REQUEST_NEEDS_FLASH, RIGHT_FLASH | RIGHT_READ },
  [REQUEST_BEGIN] = { request_begin, 1 + RANGE_SIZE,
                      1 + PROTOCOL_RANGES_MAX * RANGE_SIZE, REQUEST_NEEDS_FLASH,
                      RIGHT_FLASH | RIGHT_ERASE },
  [REQUEST_ERASE] = { request_erase, 8, 8, REQUEST_NEEDS_FLASH | REQUEST_ABORTABLE, RIGHT_FLASH | RIGHT_ERASE },
  [REQUEST_WRITE] = { request_write, 5, 4 + PROTOCOL_DATA_MAX, REQUEST_NEEDS_FLASH | REQUEST_ABORTABLE, RIGHT_FLASH },
  [REQUEST_COMMIT] = { request_commit, 1 + RANGE_SIZE + DIGEST_SIZE,
                       1 + PROTOCOL_RANGES_MAX * (RANGE_SIZE + DIGEST_SIZE), REQUEST_NEEDS_FLASH | REQUEST_ABORTABLE,
                       RIGHT_FLASH | RIGHT_ERASE },
  [REQUEST_BOOT] = { request_boot, 4, 4, REQUEST_NEEDS_FLASH, RIGHT_BOOT },
  [REQUEST_GET_BOOT_ADDRESS] = { request_get_boot_address, 0, 0, 0, RIGHT_BOOT },
  [REQUEST_SET_BOOT_ADDRESS] = { request_set_boot_address, 4, 4, 0, RIGHT_BOOT },
  [REQUEST_UNPROTECT] = { request_unprotect, 0, 0, REQUEST_NEEDS_FLASH, RIGHT_FLASH },
  [REQUEST_RESET] = { request_reset, 0, 0, 0, RIGHT_BOOT },
  [REQUEST_ACCESS] = { request_access, 0, 0, 0, 0 },
  [REQUEST_CHALLENGE] = { request_challenge, 0, 0, 0, 0 },
  [REQUEST_PROVE] = { request_prove, ACCESS_CERTIFICATE_SIZE + ACCESS_PROOF_SIZE,
                      ACCESS_CERTIFICATE_SIZE + ACCESS_PROOF_SIZE, 0,
                      0 },
  [REQUEST_CLAIM] = { request_claim, OWNER_KEY_SIZE, OWNER_KEY_SIZE, 0, RIGHT_CLAIM },
  [REQUEST_RELEASE] = { request_release, 0, 0, 0, RIGHT_OWNER },
  [REQUEST_POLICY] = { request_policy, 1, 1, 0, RIGHT_OWNER },
  [REQUEST_SIGNATURE] = { request_signature, RANGE_SIZE + VERIFY_SIGNATURE_SIZE,
                          RANGE_SIZE + VERIFY_SIGNATURE_SIZE, REQUEST_NEEDS_FLASH,
                          RIGHT_FLASH },
  [REQUEST_PROTECT] = { request_protect, 1, 1, 0, RIGHT_OWNER },
  [REQUEST_STAGE] = { request_stage, 5, 4 + PROTOCOL_DATA_MAX, 0, RIGHT_OWNER },
  [REQUEST_UPDATE] = { request_update, 37, 37, 0, RIGHT_OWNER },
  [REQUEST_KEEP] = { request_keep, 7, 7, REQUEST_NEEDS_FLASH | REQUEST_ABORTABLE, RIGHT_FLASH },
};

const struct request_kind *request_kind(uint8_t type)
{
  const bool known = type < sizeof kinds / sizeof kinds[0] && kinds[type].handler != NULL;
  return known ? &kinds[type] : NULL;
}
