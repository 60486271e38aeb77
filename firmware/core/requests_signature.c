#include "boot.h"
#include "bytes.h"
#include "change.h"
#include "owner.h"
#include "requests.h"
#include "signature.h"
#include "slot.h"

enum { SIGNATURE_ACCEPT, SIGNATURE_CHECK, SIGNATURE_STORE };

static struct signature requested(const struct operation *operation)
{
  struct signature signature;
  signature.range = (struct range){ load_u32(operation->payload), load_u32(operation->payload + 4) };
  memcpy(signature.bytes, operation->payload + 8, sizeof signature.bytes);
  return signature;
}

static enum step accept(struct operation *operation, const struct signature *signature)
{
  const struct range range = signature->range;
  if (owner()->ownership == OWNER_NONE) {
    return operation_fail(operation, &(struct failure){ ERROR_NOT_CLAIMED, 0,
                                                        "the board has no owner whose signature could count", { 0 } });
  }
  if (range.length < SIGNATURE_LENGTH_MIN) {
    return operation_refuse(operation, "SIGNATURE: length must be at least 8");
  }
  if (!boot_range_in_application(range)) {
    return operation_fail(operation, &(struct failure){ ERROR_RANGE, range.address,
                                                        "% bytes at # are not inside the application region",
                                                        { range.length, range.address } });
  }
  if (!operation_range_allowed(operation, range, true)) {
    return STEP_DONE;
  }
  if (!change_begun()) {
    return operation_fail(operation, &(struct failure){ ERROR_NOT_BEGUN, range.address,
                                                        "SIGNATURE for #: there is no open BEGIN",
                                                        { range.address } });
  }
  signature_check(signature);
  operation->phase = SIGNATURE_CHECK;
  return STEP_AGAIN;
}

static enum step check(struct operation *operation, const struct signature *signature)
{
  if (operation->cancelled) {
    return STEP_DONE;
  }
  int result = signature_check_step();
  if (result == PORT_BUSY) {
    return STEP_AGAIN;
  }
  if (result == SIGNATURE_ERROR_WRONG) {
    return operation_fail_signature(operation, signature->range.address);
  }
  if (result == PORT_OK) {
    result = signature_store(signature);
    operation->phase = SIGNATURE_STORE;
  }
  if (result == PORT_BUSY) {
    return STEP_AGAIN;
  }
  return result < 0 ? operation_fail_port(operation, result, signature->range.address) : STEP_DONE;
}

/* Goes on to its end when the session is gone: other applications' signatures may be on their way back. */
static enum step store(struct operation *operation)
{
  const int result = signature_store_step();
  const uint32_t address = signature_store_address();
  if (result == PORT_BUSY) {
    return STEP_WAIT;
  }
  if (result == SLOT_ERROR_VERIFY) {
    return operation_fail(operation, &(struct failure){ ERROR_WRITE_FAILED, address,
                                                        "the signature at # does not read back as written",
                                                        { address } });
  }
  return result < 0 ? operation_fail_port(operation, result, address) : STEP_DONE;
}

enum step request_signature(struct operation *operation)
{
  const struct signature signature = requested(operation);
  switch (operation->phase) {
  case SIGNATURE_ACCEPT:
    return accept(operation, &signature);
  case SIGNATURE_CHECK:
    return check(operation, &signature);
  default:
    return store(operation);
  }
}
