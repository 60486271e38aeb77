#include "operation.h"

#include "board.h"
#include "log.h"

static const struct range reserved[BOARD_RESERVED_COUNT] = BOARD_RESERVED;

enum step operation_fail(struct operation *operation, const struct failure *failure)
{
  message_failure(operation->answer, failure);
  operation->failed = true;
  return STEP_DONE;
}

enum step operation_refuse(struct operation *operation, const char *what)
{
  return operation_fail(operation, &(struct failure){ ERROR_BAD_REQUEST, operation->type, what, { 0 } });
}

enum step operation_fail_protected(struct operation *operation)
{
  uint8_t status[3] = { 0xFF, 0xFF, 0xFF };
  (void)port_flash_status(status); /* the error is reported either way, with FFh for what cannot be read */
  const uint32_t bits = (uint32_t)status[0] | (uint32_t)status[1] << 8 | (uint32_t)status[2] << 16;
  return operation_fail(operation, &(struct failure){ ERROR_WRITE_PROTECTED, bits,
                                                      "the flash chip is write-protected: status registers "
                                                      "3, 2, 1 are #, expected no block protection",
                                                      { bits } });
}

static uint32_t jedec(void)
{
  const uint8_t *id = external.geometry.jedec;
  return (uint32_t)id[0] << 16 | (uint32_t)id[1] << 8 | (uint32_t)id[2];
}

enum step operation_fail_port(struct operation *operation, int result, uint32_t address)
{
  switch (result) {
  case PORT_ERROR_NO_FLASH:
    return operation_fail(operation, &(struct failure){ ERROR_NO_FLASH, jedec(),
                                                        "the flash chip does not answer: its JEDEC id reads as #",
                                                        { jedec() } });
  case PORT_ERROR_UNKNOWN:
    return operation_fail(operation, &(struct failure){ ERROR_UNKNOWN_FLASH, jedec(),
                                                        "the flash chip with JEDEC id # has no usable SFDP parameters",
                                                        { jedec() } });
  case PORT_ERROR_TIMEOUT:
    return operation_fail(operation, &(struct failure){ ERROR_FLASH_TIMEOUT, address,
                                                        "the flash chip stayed busy beyond its maximum time at #",
                                                        { address } });
  case PORT_ERROR_PROTECTED:
    return operation_fail_protected(operation);
  default:
    return operation_fail(operation, &(struct failure){ ERROR_INTERNAL, (uint32_t)-result,
                                                        "the flash controller reported error -% at #",
                                                        { (uint32_t)-result, address } });
  }
}

enum step operation_fail_log(struct operation *operation, int result)
{
  if (result == LOG_ERROR_FULL) {
    return operation_fail(operation, &(struct failure){ ERROR_LOG_FULL, PORT_LOG_WORDS,
                                                        "too few of the log's % words are free",
                                                        { PORT_LOG_WORDS } });
  }
  if (result != PORT_ERROR_LOG) {
    return operation_fail_port(operation, result, port_log_error());
  }
  return operation_fail(operation, &(struct failure){ ERROR_LOG_FAILED, port_log_error(), port_log_error_text,
                                                      { port_log_error() } });
}

enum step operation_fail_signature(struct operation *operation, uint32_t address)
{
  return operation_fail(operation, &(struct failure){ ERROR_BAD_SIGNATURE, address,
                                                      "the owner's signature of the application at # is missing or "
                                                      "does not fit its bytes",
                                                      { address } });
}

bool operation_range_allowed(struct operation *operation, struct range range, bool change)
{
  if (!range_inside(range, external_range())) {
    operation_fail(operation, &(struct failure){ ERROR_RANGE, range.address,
                                                 "# and % bytes from there are not inside the flash chip",
                                                 { range.address, range.length } });
    return false;
  }
  for (unsigned i = 0; change && i < BOARD_RESERVED_COUNT; i += 1) {
    if (range_overlaps(range, reserved[i])) {
      operation_fail(operation, &(struct failure){ ERROR_RESERVED, range.address,
                                                   "the range at # touches the region that the board reserves at #",
                                                   { range.address, reserved[i].address } });
      return false;
    }
  }
  return true;
}

bool operation_read(struct operation *operation, uint32_t address, uint32_t length, uint8_t *bytes)
{
  const int result = external_read(address, bytes, length);
  if (result < 0) {
    operation_fail_port(operation, result, address);
  }
  return result >= 0;
}
