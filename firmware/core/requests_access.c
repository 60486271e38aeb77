#include "access.h"
#include "bytes.h"
#include "owner.h"
#include "requests.h"
#include "verify_strict.h"

static enum step fail_not_claimed(struct operation *operation)
{
  return operation_fail(operation, &(struct failure){ ERROR_NOT_CLAIMED, 0,
                                                      owner()->ownership == OWNER_NONE
                                                        ? "the board has no owner: claim it first"
                                                        : "the owner is compiled into the bootloader",
                                                      { 0 } });
}

enum step request_access(struct operation *operation)
{
  struct message *answer = operation->answer;
  message_u8(answer, (uint8_t)owner()->ownership);
  message_bytes(answer, owner()->key, OWNER_KEY_SIZE);
  message_u8(answer, owner()->policy);
  message_u8(answer, access_rights());
  message_u32(answer, access_wait());
  message_u8(answer, port_rdp_level());
  return STEP_DONE;
}

enum step request_challenge(struct operation *operation)
{
  uint8_t nonce[ACCESS_NONCE_SIZE];
  uint32_t session;
  const uint32_t wait = access_wait();
  if (wait > 0) {
    return operation_fail(operation, &(struct failure){ ERROR_WAIT, wait,
                                                        "the last proof failed: the next may be tried in % ms",
                                                        { wait } });
  }
  if (access_challenge(nonce, &session) < 0) {
    return operation_fail(operation, &(struct failure){ ERROR_RNG_FAILED, port_random_error(),
                                                        "the random number generator failed its health tests: "
                                                        "RNG_SR was #",
                                                        { port_random_error() } });
  }
  message_bytes(operation->answer, nonce, sizeof nonce);
  message_u32(operation->answer, session);
  return STEP_DONE;
}

static enum step prove_failed(struct operation *operation, uint16_t code)
{
  const char *why = "the proof is not of the certificate's holder over an open challenge of this board";
  if (code == ERROR_NOT_CLAIMED) {
    return fail_not_claimed(operation);
  }
  if (code == ERROR_LOG_BROKEN) {
    why = "the board's log was changed by something else: its owner is unknown";
  } else if (code == ERROR_BAD_CERT) {
    why = "the certificate is not signed by this board's owner, or of a version that is not known here";
  } else if (code == ERROR_WRONG_BOARD) {
    why = "the certificate is for another board, or for any while the owner wants this board's own";
  }
  return operation_fail(operation, &(struct failure){ (enum error_code)code, 0, why, { 0 } });
}

enum step request_prove(struct operation *operation)
{
  const uint8_t *certificate = operation->payload;
  if (operation->cancelled) {
    return STEP_DONE; /* what would be proven now belongs to a session that is gone */
  }
  if (operation->phase == 0) {
    const uint16_t refused = access_check_certificate(certificate);
    operation->phase = 1;
    return refused == 0 ? STEP_AGAIN : prove_failed(operation, refused);
  }
  const uint16_t refused = access_check_proof(certificate, certificate + ACCESS_CERTIFICATE_SIZE);
  if (refused != 0) {
    return prove_failed(operation, refused);
  }
  message_u8(operation->answer, access_rights());
  return STEP_DONE;
}

enum step request_claim(struct operation *operation)
{
  const uint8_t *key = operation->payload;
  if (owner()->ownership == OWNER_COMPILED) {
    return operation_fail(operation, &(struct failure){ ERROR_CLAIMED, 0,
                                                        "the board's owner is compiled into the bootloader", { 0 } });
  }
  if (!verify_key_usable(key) || !log_raw_allowed(key)) {
    return operation_refuse(operation, "CLAIM: these 32 bytes are no Ed25519 public key");
  }
  const int result = owner_claim(key);
  if (result < 0) {
    return operation_fail_log(operation, result);
  }
  access_end();
  return STEP_DONE;
}

enum step request_release(struct operation *operation)
{
  if (owner()->ownership != OWNER_CLAIMED) {
    return fail_not_claimed(operation);
  }
  const int result = owner_release();
  if (result < 0) {
    return operation_fail_log(operation, result);
  }
  access_end();
  return STEP_DONE;
}

enum step request_policy(struct operation *operation)
{
  const uint8_t policy = operation->payload[0];
  if (owner()->ownership == OWNER_NONE) {
    return fail_not_claimed(operation);
  }
  if ((policy & ~(unsigned)POLICY_ALL) != 0) {
    return operation_refuse(operation, "POLICY: only bits 0 and 1 mean something");
  }
  const int result = owner_set_policy(policy);
  if (result < 0) {
    return operation_fail_log(operation, result);
  }
  message_u8(operation->answer, policy);
  return STEP_DONE;
}

/* Level 2 is for ever, and level 0 after 1 erases everything: neither is for a bootloader to do. */
enum step request_protect(struct operation *operation)
{
  const uint8_t wanted = operation->payload[0];
  const uint8_t level = port_rdp_level();
  if (wanted > 2u) {
    return operation_refuse(operation, "PROTECT: level must be 0, 1 or 2");
  }
  if (wanted != level && (wanted != 1u || level != 0u || port_rdp_set(wanted) < 0)) {
    return operation_fail(operation, &(struct failure){ ERROR_PROTECTION, level,
                                                        "read-out protection stays at level %: only 1 after 0 can be "
                                                        "set here, asked for was %",
                                                        { level, wanted } });
  }
  message_u8(operation->answer, wanted);
  return STEP_DONE;
}
