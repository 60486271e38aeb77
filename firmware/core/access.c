#include "access.h"

#include <string.h>

#include "bytes.h"
#include "owner.h"
#include "port.h"
#include "verify_strict.h"

#define CERTIFICATE_VERSION 1u
#define BODY_SIZE 50u
#define BOARD_SIZE 12u

/* Offsets in a certificate. */
#define RIGHTS_AT 1u
#define BOARD_AT 2u
#define HOLDER_AT 18u

#define FAILURES_MAGIC 0x464D4900u /* "IMF" in PORT_BACKUP_FAILURES */
#define FAILURES_MASK 0xFFu
#define WAIT_FIRST_MS 1000u
#define WAIT_DOUBLED_MAX 6u /* 64 s */

#define CERTIFICATE_TEXT "IMFL-CERT-1"
#define PROOF_TEXT "IMFL-PROOF-1"
#define TEXT_SIZE(text) (sizeof(text) - 1u)
#define PROOF_MESSAGE_MAX (TEXT_SIZE(PROOF_TEXT) + ACCESS_NONCE_SIZE + BOARD_SIZE + 2u + 4u + ACCESS_CERTIFICATE_SIZE)

static struct {
  uint8_t rights;
  bool open;            /* a nonce waits for its PROVE */
  uint8_t nonce[ACCESS_NONCE_SIZE];
  uint32_t session;     /* challenges given since reset */
  uint8_t failures;
  uint32_t failed_at;   /* port_millis(), or the start when it was before */
} access;

void access_start(void)
{
  const uint32_t stored = port_backup_read(PORT_BACKUP_FAILURES);
  memset(&access, 0, sizeof access);
  if ((stored & ~FAILURES_MASK) == FAILURES_MAGIC) {
    access.failures = (uint8_t)(stored & FAILURES_MASK);
  }
  access.failed_at = port_millis();
}

void access_end(void)
{
  access.rights = 0;
  access.open = false;
}

uint8_t access_rights(void)
{
  return owner()->ownership == OWNER_NONE ? RIGHTS_ALL : access.rights;
}

bool access_allowed(struct operation *operation, uint8_t any)
{
  if (any == 0 || (any & access_rights()) != 0) {
    return true;
  }
  if (owner()->ownership == OWNER_UNKNOWN) {
    operation_fail(operation, &(struct failure){ ERROR_LOG_BROKEN, 0,
                                                 "the board's log was changed by something else: nobody has a right", { 0 } });
    return false;
  }
  if (operation->type == REQUEST_CLAIM) {
    operation_fail(operation, &(struct failure){ ERROR_CLAIMED, 0,
                                                 "the board has an owner, who alone can give it away", { 0 } });
    return false;
  }
  const uint32_t missing = any == RIGHT_OWNER ? any : any & ~(uint32_t)RIGHT_OWNER;
  operation_fail(operation, &(struct failure){ ERROR_DENIED, missing,
                                               "this needs a proof of one of the rights #; the session has #",
                                               { missing, access_rights() } });
  return false;
}

uint32_t access_wait(void)
{
  if (access.failures == 0) {
    return 0;
  }
  const uint32_t doubled = access.failures - 1u < WAIT_DOUBLED_MAX ? access.failures - 1u : WAIT_DOUBLED_MAX;
  const uint32_t wait = WAIT_FIRST_MS << doubled;
  const uint32_t passed = port_millis() - access.failed_at;
  return passed < wait ? wait - passed : 0;
}

int access_challenge(uint8_t nonce[ACCESS_NONCE_SIZE], uint32_t *session)
{
  access.open = false;
  const int result = port_random(access.nonce, sizeof access.nonce);
  if (result < 0) {
    return result;
  }
  access.session += 1;
  access.open = true;
  memcpy(nonce, access.nonce, sizeof access.nonce);
  *session = access.session;
  return PORT_OK;
}

static void set_failures(uint8_t failures)
{
  access.failures = failures;
  access.failed_at = port_millis();
  port_backup_write(PORT_BACKUP_FAILURES, FAILURES_MAGIC | failures);
}

static bool any_board(const uint8_t *board)
{
  uint8_t bits = 0xFF;
  for (unsigned i = 0; i < BOARD_SIZE; i += 1) {
    bits &= board[i];
  }
  return bits == 0xFF;
}

static bool for_this_board(const uint8_t *board)
{
  struct port_identity identity;
  if (any_board(board)) {
    return (owner()->policy & POLICY_OWN) == 0;
  }
  port_identify(&identity);
  return memcmp(board, identity.unique_id, BOARD_SIZE) == 0;
}

uint16_t access_check_certificate(const uint8_t certificate[ACCESS_CERTIFICATE_SIZE])
{
  uint8_t message[TEXT_SIZE(CERTIFICATE_TEXT) + BODY_SIZE];
  if (owner()->ownership == OWNER_NONE) {
    return ERROR_NOT_CLAIMED;
  }
  if (owner()->ownership == OWNER_UNKNOWN) {
    return ERROR_LOG_BROKEN;
  }
  set_failures((uint8_t)(access.failures < FAILURES_MASK ? access.failures + 1u : FAILURES_MASK));
  const bool open = access.open;
  access.open = false;
  if (!open) {
    return ERROR_BAD_PROOF;
  }
  memcpy(message, CERTIFICATE_TEXT, TEXT_SIZE(CERTIFICATE_TEXT));
  memcpy(message + TEXT_SIZE(CERTIFICATE_TEXT), certificate, BODY_SIZE);
  if (certificate[0] != CERTIFICATE_VERSION ||
      !verify_strict(certificate + BODY_SIZE, message, sizeof message, owner()->key)) {
    return ERROR_BAD_CERT;
  }
  return for_this_board(certificate + BOARD_AT) ? 0 : ERROR_WRONG_BOARD;
}

static void proof_message(uint8_t message[PROOF_MESSAGE_MAX], const uint8_t *certificate)
{
  struct port_identity identity;
  port_identify(&identity);
  uint8_t *to = message;
  memcpy(to, PROOF_TEXT, TEXT_SIZE(PROOF_TEXT));
  to += TEXT_SIZE(PROOF_TEXT);
  memcpy(to, access.nonce, ACCESS_NONCE_SIZE);
  to += ACCESS_NONCE_SIZE;
  memcpy(to, identity.unique_id, BOARD_SIZE);
  to += BOARD_SIZE;
  store_u16(to, PROTOCOL_VERSION);
  store_u32(to + 2, access.session);
  memcpy(to + 6, certificate, ACCESS_CERTIFICATE_SIZE);
}

uint16_t access_check_proof(const uint8_t certificate[ACCESS_CERTIFICATE_SIZE], const uint8_t proof[ACCESS_PROOF_SIZE])
{
  uint8_t message[PROOF_MESSAGE_MAX];
  const uint8_t *holder = certificate + HOLDER_AT;
  proof_message(message, certificate);
  if (!verify_strict(proof, message, sizeof message, holder)) {
    return ERROR_BAD_PROOF;
  }
  const bool is_owner = memcmp(holder, owner()->key, OWNER_KEY_SIZE) == 0;
  const uint8_t rights = certificate[RIGHTS_AT] & RIGHTS_ALL;
  if ((rights & RIGHT_OWNER) == 0) {
    access.rights = rights;
  } else {
    access.rights = is_owner ? RIGHTS_ALL : (uint8_t)(rights & ~RIGHT_OWNER);
  }
  set_failures(0);
  return 0;
}
