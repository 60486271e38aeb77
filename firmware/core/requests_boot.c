#include "board.h"
#include "boot.h"
#include "bytes.h"
#include "departure.h"
#include "journal.h"
#include "log.h"
#include "requests.h"
#include "signature.h"

#define BOOT_ALIGNMENT 1024u

/* The same decision that the next start will take, told as an error. */
static enum step boot_check(struct operation *operation, uint32_t address)
{
  const struct boot_facts facts = boot_collect(BACKUP_RUN, address);
  const struct boot_decision decision = boot_judge(&facts);
  switch (decision.reason) {
  case REASON_NONE:
    return STEP_AGAIN;
  case REASON_UNFINISHED:
    return operation_fail(operation, &(struct failure){ ERROR_UNFINISHED, journal_state()->hull.address,
                                                        "a flashing that touches # was begun and not committed",
                                                        { journal_state()->hull.address } });
  case REASON_ADDRESS:
    return operation_fail(operation, &(struct failure){ ERROR_RANGE, address,
                                                        "# is outside the application region that begins at #",
                                                        { address, BOARD_APPLICATION_ADDRESS } });
  default:
    return operation_fail(operation, &(struct failure){ ERROR_NOT_BOOTABLE, address,
                                                        "no plausible vector table at #: stack pointer and reset "
                                                        "vector do not fit",
                                                        { address } });
  }
}

enum step request_boot(struct operation *operation)
{
  const uint32_t asked = load_u32(operation->payload);
  const uint32_t address = asked == 0 ? log_boot_address() : asked;
  int result = PORT_OK;
  if (operation->cancelled) {
    return STEP_DONE;
  }
  if (operation->phase > 0) {
    result = signature_check_step();
  } else if (boot_check(operation, address) == STEP_DONE) {
    return STEP_DONE;
  } else if (signature_wanted()) {
    operation->phase = 1;
    result = signature_check_application(address);
  }
  switch (result) {
  case PORT_OK:
    departure_run(address);
    return STEP_DONE;
  case PORT_BUSY:
    return STEP_AGAIN;
  case SIGNATURE_ERROR_WRONG:
    return operation_fail_signature(operation, address);
  default:
    return operation_fail_port(operation, result, address);
  }
}

enum step request_get_boot_address(struct operation *operation)
{
  message_u32(operation->answer, log_boot_address());
  message_u16(operation->answer, (uint16_t)log_free());
  message_u16(operation->answer, (uint16_t)PORT_LOG_WORDS);
  return STEP_DONE;
}

enum step request_set_boot_address(struct operation *operation)
{
  const uint32_t address = load_u32(operation->payload);
  if (!boot_in_application(address)) {
    return operation_fail(operation, &(struct failure){ ERROR_RANGE, address,
                                                        "# is outside the application region that begins at #",
                                                        { address, BOARD_APPLICATION_ADDRESS } });
  }
  if (address % BOOT_ALIGNMENT != 0) {
    return operation_fail(operation, &(struct failure){ ERROR_ALIGNMENT, address,
                                                        "boot address # is no multiple of % bytes",
                                                        { address, BOOT_ALIGNMENT } });
  }
  const int result = log_store_boot_address(address);
  if (result < 0) {
    return operation_fail_log(operation, result);
  }
  return request_get_boot_address(operation);
}

enum step request_reset(struct operation *operation)
{
  (void)operation;
  departure_restart();
  return STEP_DONE;
}
