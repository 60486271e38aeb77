#include "requests.h"

#include "frame.h"

#define RANGE_SIZE 8u
#define DIGEST_SIZE 32u

static const struct request_kind kinds[] = {
  [REQUEST_INFO] = { request_info, 0, 0, 0 },
  [REQUEST_GEOMETRY] = { request_geometry, 0, 0, REQUEST_NEEDS_FLASH },
  [REQUEST_STATUS] = { request_status, 0, 0, 0 },
  [REQUEST_HASH] = { request_hash, 13, 13, REQUEST_NEEDS_FLASH },
  [REQUEST_READ] = { request_read, 6, 6, REQUEST_NEEDS_FLASH },
  [REQUEST_VERIFY] = { request_verify, 40, 40, REQUEST_NEEDS_FLASH },
  [REQUEST_BEGIN] = { request_begin, 1 + RANGE_SIZE, 1 + PROTOCOL_RANGES_MAX * RANGE_SIZE, REQUEST_NEEDS_FLASH },
  [REQUEST_ERASE] = { request_erase, 8, 8, REQUEST_NEEDS_FLASH | REQUEST_ABORTABLE },
  [REQUEST_WRITE] = { request_write, 5, 4 + PROTOCOL_DATA_MAX, REQUEST_NEEDS_FLASH | REQUEST_ABORTABLE },
  [REQUEST_COMMIT] = { request_commit, 1 + RANGE_SIZE + DIGEST_SIZE,
                       1 + PROTOCOL_RANGES_MAX * (RANGE_SIZE + DIGEST_SIZE),
                       REQUEST_NEEDS_FLASH | REQUEST_ABORTABLE },
  [REQUEST_BOOT] = { request_boot, 4, 4, REQUEST_NEEDS_FLASH },
  [REQUEST_GET_BOOT_ADDRESS] = { request_get_boot_address, 0, 0, 0 },
  [REQUEST_SET_BOOT_ADDRESS] = { request_set_boot_address, 4, 4, 0 },
  [REQUEST_UNPROTECT] = { request_unprotect, 0, 0, REQUEST_NEEDS_FLASH },
  [REQUEST_RESET] = { request_reset, 0, 0, 0 },
};

const struct request_kind *request_kind(uint8_t type)
{
  const bool known = type < sizeof kinds / sizeof kinds[0] && kinds[type].handler != NULL;
  return known ? &kinds[type] : NULL;
}
