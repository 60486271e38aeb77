#include <string.h>

#include "bytes.h"
#include "change.h"
#include "journal.h"
#include "requests.h"
#include "rescue.h"
#include "slot.h"

#define SECTOR_SIZE EXTERNAL_SECTOR

enum { KEEP_CHECK, KEEP_COMPARE, KEEP_ERASING, KEEP_PROGRAM, KEEP_PROGRAMMING, KEEP_VERIFY, KEEP_RECORD };

static struct keep keep;

static bool keep_check(struct operation *operation)
{
  const uint8_t *payload = operation->payload;
  keep = (struct keep){ load_u32(payload), load_u16(payload + 4), payload[6], 0 };
  if (keep.sector >= KEEP_SECTORS && keep.sector != KEEP_NONE) {
    operation_refuse(operation, "KEEP: the sector must be 0 to 15, or 255 for none");
    return false;
  }
  const uint32_t kept = keep.sector == KEEP_NONE ? 0 : 1u << keep.sector;
  uint32_t sectors = keep.blank | kept;
  if (sectors == 0 || (keep.blank & kept) != 0) {
    operation_refuse(operation, "KEEP: a sector must be named, and be either blank or kept");
    return false;
  }
  if (keep.unit % SECTOR_SIZE != 0) {
    operation_fail(operation, &(struct failure){ ERROR_ALIGNMENT, keep.unit, "KEEP: # is no multiple of % bytes",
                                                 { keep.unit, SECTOR_SIZE } });
    return false;
  }
  uint32_t count = 0;
  for (; sectors != 0; sectors >>= 1) {
    count += 1;
  }
  operation->range = (struct range){ keep.unit, count * SECTOR_SIZE };
  return change_allowed(operation, operation->range);
}

static uint32_t kept_address(void)
{
  return keep.unit + keep.sector * SECTOR_SIZE;
}

static enum step keep_record(struct operation *operation)
{
  /* The erase that follows takes along all that may be named, and more cannot be kept. */
  const struct range unit = { keep.unit, operation->range.length };
  const struct journal_state *journal = journal_state();
  journal_write_keep(&keep, range_inside(unit, journal->window) ? journal->window
                                                                : change_window_for(unit, CHANGE_ERASE_WINDOW));
  operation->phase = KEEP_RECORD;
  return STEP_AGAIN;
}

/* The copy may be there already, after a link that broke; a sector that is blank need not be erased. */
static enum step keep_compare(struct operation *operation)
{
  if (keep.sector == KEEP_NONE) {
    return keep_record(operation);
  }
  if (!operation_read(operation, kept_address(), SECTOR_SIZE, external_scratch)) {
    return STEP_DONE;
  }
  keep.crc = port_crc32(external_scratch, SECTOR_SIZE);
  if (!operation_read(operation, rescue_address(), SECTOR_SIZE, external_scratch)) {
    return STEP_DONE;
  }
  if (port_crc32(external_scratch, SECTOR_SIZE) == keep.crc) {
    return keep_record(operation);
  }
  operation->phase = KEEP_PROGRAM;
  if (slot_blank(external_scratch, SECTOR_SIZE)) {
    return STEP_AGAIN;
  }
  operation->phase = KEEP_ERASING;
  const int result = external_erase(rescue_address(), SECTOR_SIZE);
  return result < 0 ? operation_fail_port(operation, result, rescue_address()) : STEP_WAIT;
}

/* Begins to copy the next page that is not blank. */
static enum step keep_program(struct operation *operation)
{
  const uint32_t part = rescue_part();
  for (; operation->position < SECTOR_SIZE; operation->position += part) {
    if (operation->cancelled || !operation_read(operation, kept_address() + operation->position, part, external_scratch)) {
      return STEP_DONE;
    }
    if (slot_blank(external_scratch, part)) {
      continue;
    }
    operation->phase = KEEP_PROGRAMMING;
    const uint32_t address = rescue_address() + operation->position;
    const int result = external_program(address, external_scratch, part);
    operation->position += part;
    return result < 0 ? operation_fail_port(operation, result, address) : STEP_WAIT;
  }
  operation->position = 0;
  operation->phase = KEEP_VERIFY;
  return STEP_AGAIN;
}

/* Page by page, to name the first byte that is not right. */
static enum step keep_verify(struct operation *operation)
{
  const uint32_t part = rescue_part();
  uint8_t *found = external_scratch + EXTERNAL_SLICE / 2u;
  for (; operation->position < SECTOR_SIZE; operation->position += part) {
    const uint32_t address = rescue_address() + operation->position;
    if (!operation_read(operation, kept_address() + operation->position, part, external_scratch) ||
        !operation_read(operation, address, part, found)) {
      return STEP_DONE;
    }
    if (memcmp(found, external_scratch, part) != 0) {
      uint32_t i = 0;
      while (found[i] == external_scratch[i]) {
        i += 1;
      }
      return operation_fail(operation, &(struct failure){ ERROR_WRITE_FAILED, address + i,
                                                          "the rescue copy at # holds $, not what it was given",
                                                          { address + i, found[i] } });
    }
  }
  return keep_record(operation);
}

static enum step keep_poll(struct operation *operation)
{
  const int result = port_flash_poll();
  if (result == PORT_BUSY) {
    return STEP_WAIT;
  }
  operation->phase = KEEP_PROGRAM;
  return result < 0 ? operation_fail_port(operation, result, rescue_address()) : STEP_AGAIN;
}

enum step request_keep(struct operation *operation)
{
  switch (operation->phase) {
  case KEEP_CHECK:
    operation->phase = KEEP_COMPARE;
    return keep_check(operation) ? STEP_AGAIN : STEP_DONE;
  case KEEP_COMPARE:
    return keep_compare(operation);
  case KEEP_PROGRAM:
    return keep_program(operation);
  case KEEP_VERIFY:
    return operation->cancelled ? STEP_DONE : keep_verify(operation);
  case KEEP_RECORD:
    return change_record_step(operation);
  default:
    return keep_poll(operation);
  }
}
