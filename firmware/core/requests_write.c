#include <string.h>

#include "bytes.h"
#include "change.h"
#include "journal.h"
#include "requests.h"
#include "rescue.h"

enum { CHANGE_CHECK, CHANGE_WINDOW, CHANGE_START, CHANGE_BUSY, CHANGE_COMPARE };

/* The journal tells where the chip is about to change something. */
static enum step window_step(struct operation *operation)
{
  const enum step step = change_record_step(operation);
  if (step != STEP_DONE || operation->failed || operation->cancelled) {
    return step;
  }
  operation->phase = CHANGE_START;
  return STEP_AGAIN;
}

/* The chip did not do, or did not end, what it was told. */
static enum step change_failed(struct operation *operation, int result, uint32_t address)
{
  journal_doubt();
  rescue_renew();
  return operation_fail_port(operation, result, address);
}

static bool erase_check(struct operation *operation)
{
  struct reader reader = reader_of(operation->payload, operation->length);
  operation->range.address = read_u32(&reader);
  operation->range.length = read_u32(&reader);
  const struct port_flash_geometry *flash = &external.geometry;
  bool known = false;
  for (unsigned i = 0; i < flash->erase_sizes; i += 1) {
    known = known || operation->range.length == flash->erase[i].bytes;
  }
  if (!known) {
    operation_refuse(operation, "ERASE: length is none of the chip's erase sizes");
    return false;
  }
  if (operation->range.address % operation->range.length != 0) {
    operation_fail(operation, &(struct failure){ ERROR_ALIGNMENT, operation->range.address,
                                                 "ERASE: # is no multiple of % bytes",
                                                 { operation->range.address, operation->range.length } });
    return false;
  }
  return change_allowed(operation, operation->range);
}

/* Reads back a slice of an erased unit. */
static enum step erase_compare(struct operation *operation)
{
  const uint32_t address = operation->range.address + operation->position;
  const uint32_t left = operation->range.length - operation->position;
  const uint32_t size = left < EXTERNAL_SLICE ? left : EXTERNAL_SLICE;
  if (operation->cancelled || !operation_read(operation, address, size, external_scratch)) {
    return STEP_DONE;
  }
  uint32_t i = 0;
  while (i < size && load_u32(external_scratch + i) == 0xFFFFFFFFu) {
    i += 4; /* every erase size is a multiple of 4 */
  }
  if (i < size) {
    while (external_scratch[i] == 0xFF) {
      i += 1;
    }
    return operation_fail(operation, &(struct failure){ ERROR_ERASE_FAILED, address + i,
                                                        "# holds $ after the erase, expected 0xff",
                                                        { address + i, external_scratch[i] } });
  }
  operation->position += size;
  if (operation->position < operation->range.length) {
    return STEP_AGAIN;
  }
  journal_erased(operation->range);
  return STEP_DONE;
}

static enum step erase_wait(struct operation *operation, int result)
{
  operation->phase = CHANGE_BUSY;
  return result < 0 ? change_failed(operation, result, operation->range.address) : STEP_WAIT;
}

static enum step erase_start(struct operation *operation)
{
  return erase_wait(operation, external_erase(operation->range.address, operation->range.length));
}

enum step request_erase(struct operation *operation)
{
  int result = PORT_OK;
  switch (operation->phase) {
  case CHANGE_CHECK:
    if (!erase_check(operation)) {
      return STEP_DONE;
    }
    if (!change_window(operation->range, CHANGE_ERASE_WINDOW)) {
      return erase_start(operation);
    }
    operation->phase = CHANGE_WINDOW;
    return STEP_AGAIN;
  case CHANGE_WINDOW:
    return window_step(operation);
  case CHANGE_START:
    return erase_start(operation);
  case CHANGE_BUSY:
    result = port_flash_poll();
    if (result == PORT_OK) {
      operation->phase = CHANGE_COMPARE;
      return STEP_AGAIN;
    }
    return erase_wait(operation, result);
  default:
    return erase_compare(operation);
  }
}

static const uint8_t *write_data(const struct operation *operation)
{
  return operation->payload + 4;
}

static enum step write_check(struct operation *operation)
{
  operation->range = (struct range){ load_u32(operation->payload), (uint32_t)operation->length - 4u };
  if (!change_allowed(operation, operation->range)) {
    return STEP_DONE;
  }
  operation->phase = change_window(operation->range, CHANGE_WRITE_WINDOW) ? CHANGE_WINDOW : CHANGE_START;
  return STEP_AGAIN;
}

/* Bytes from `position` on that lie in one page. */
static uint32_t write_part(const struct operation *operation)
{
  const uint32_t page = external.geometry.page;
  const uint32_t room = page - (operation->range.address + operation->position) % page;
  const uint32_t left = operation->range.length - operation->position;
  return room < left ? room : left;
}

static bool all_ones(const uint8_t *bytes, uint32_t size)
{
  for (uint32_t i = 0; i < size; i += 1) {
    if (bytes[i] != 0xFF) {
      return false;
    }
  }
  return true;
}

/* Starts the next page that has a bit to clear. */
static enum step write_start(struct operation *operation)
{
  while (!operation->cancelled && operation->position < operation->range.length) {
    const uint8_t *data = write_data(operation) + operation->position;
    const uint32_t part = write_part(operation);
    if (!all_ones(data, part)) {
      const uint32_t address = operation->range.address + operation->position;
      const int result = external_program(address, data, part);
      operation->phase = CHANGE_BUSY;
      return result < 0 ? change_failed(operation, result, address) : STEP_WAIT;
    }
    operation->position += part;
  }
  operation->phase = CHANGE_COMPARE;
  return operation->cancelled ? STEP_DONE : STEP_AGAIN;
}

/*
 * Reads back the last page: a chip that takes nothing is noticed at once. COMMIT looks at everything; to read all of it
 * here, too, would cost more than a percent of the time that the chip itself needs.
 */
static enum step write_compare(struct operation *operation)
{
  const uint32_t in_page = (operation->range.address + operation->range.length - 1u) % external.geometry.page + 1u;
  const uint32_t size = in_page < operation->range.length ? in_page : operation->range.length;
  const uint32_t address = operation->range.address + operation->range.length - size;
  const uint8_t *data = write_data(operation) + operation->range.length - size;
  if (operation->cancelled || !operation_read(operation, address, size, external_scratch) ||
      memcmp(external_scratch, data, size) == 0) {
    return STEP_DONE;
  }
  uint32_t i = 0;
  while (external_scratch[i] == data[i]) {
    i += 1;
  }
  return operation_fail(operation, &(struct failure){ ERROR_WRITE_FAILED, address + i,
                                                      "# does not hold the $ that was written: was it erased?",
                                                      { address + i, data[i] } });
}

enum step request_write(struct operation *operation)
{
  switch (operation->phase) {
  case CHANGE_CHECK:
    return write_check(operation);
  case CHANGE_WINDOW:
    return window_step(operation);
  case CHANGE_START:
    return write_start(operation);
  case CHANGE_COMPARE:
    return write_compare(operation);
  default:
    break;
  }
  const int result = port_flash_poll();
  if (result == PORT_BUSY) {
    return STEP_WAIT;
  }
  if (result < 0) {
    return change_failed(operation, result, operation->range.address + operation->position);
  }
  operation->position += write_part(operation);
  return write_start(operation);
}
