#include <string.h>

#include "bytes.h"
#include "change.h"
#include "hash.h"
#include "journal.h"
#include "requests.h"
#include "rescue.h"
#include "slot.h"


static struct {
  bool begun;
  bool aborted;
  uint8_t count;
  struct range ranges[PROTOCOL_RANGES_MAX];
} change;

void change_reset(void)
{
  change.begun = false;
  change.aborted = false;
}

bool change_begun(void)
{
  return change.begun;
}

void change_abort(void)
{
  change.aborted = true;
}

bool change_aborted(void)
{
  return change.aborted;
}

static bool begin_ranges(struct operation *operation)
{
  const uint32_t unit = external.geometry.erase[0].bytes;
  struct reader reader = reader_of(operation->payload, operation->length);
  const uint8_t count = read_u8(&reader);
  if (count == 0 || count > PROTOCOL_RANGES_MAX || reader.left != count * 8u) {
    operation_refuse(operation, "BEGIN: count must be 1 to 8 and agree with the length");
    return false;
  }
  uint32_t behind = 0;
  for (unsigned i = 0; i < count; i += 1) {
    const uint32_t address = read_u32(&reader);
    const struct range range = { address, read_u32(&reader) };
    if (range.length == 0 || (i > 0 && address < behind)) {
      operation_refuse(operation, "BEGIN: ranges must be ascending, disjoint and not empty");
      return false;
    }
    if (!operation_range_allowed(operation, range, true)) {
      return false;
    }
    if (address % unit != 0 || range.length % unit != 0) {
      operation_fail(operation, &(struct failure){ ERROR_ALIGNMENT, address,
                                                   "BEGIN: the range at # is no multiple of % bytes",
                                                   { address, unit } });
      return false;
    }
    change.ranges[i] = range;
    behind = address + range.length;
  }
  change.count = count;
  return true;
}

/* Of the ranges, and of what was left unfinished before: INFO tells all of it. */
static struct range begin_hull(void)
{
  const struct range hull = range_hull(change.ranges[0], change.ranges[change.count - 1u]);
  return journal_state()->unfinished ? range_hull(hull, journal_state()->hull) : hull;
}

enum step change_record_step(struct operation *operation)
{
  const int result = journal_step();
  const uint32_t address = journal_write_address();
  if (result == PORT_BUSY) {
    return STEP_WAIT;
  }
  if (result == SLOT_ERROR_VERIFY) {
    return operation_fail(operation, &(struct failure){ ERROR_WRITE_FAILED, address,
                                                        "the journal's record at # does not read back as written",
                                                        { address } });
  }
  return result < 0 ? operation_fail_port(operation, result, address) : STEP_DONE;
}

/* A new record forgets what is to be put back: that comes first. */
enum { BEGIN_RESCUE, BEGIN_RESCUING, BEGIN_CHECK, BEGIN_RECORD };

static enum step begin_check(struct operation *operation)
{
  change.begun = false; /* whatever comes of it, an older BEGIN no longer counts */
  if (!begin_ranges(operation)) {
    return STEP_DONE;
  }
  int result = external_unprotected();
  if (result >= 0 && !journal_state()->readable) {
    result = journal_read();
  }
  if (result < 0) {
    return operation_fail_port(operation, result, change.ranges[0].address);
  }
  journal_write_begin(begin_hull(), change_window_for((struct range){ change.ranges[0].address, 0 }, CHANGE_WRITE_WINDOW));
  operation->phase = BEGIN_RECORD;
  return STEP_AGAIN;
}

enum step request_begin(struct operation *operation)
{
  if (operation->phase == BEGIN_RESCUE) {
    rescue_start();
    operation->phase = BEGIN_RESCUING;
  }
  if (operation->phase == BEGIN_RESCUING) {
    const int result = rescue_step();
    if (result == PORT_BUSY) {
      return STEP_WAIT;
    }
    operation->phase = BEGIN_CHECK;
  }
  if (operation->phase == BEGIN_CHECK) {
    return begin_check(operation);
  }
  const enum step step = change_record_step(operation);
  if (step == STEP_DONE && !operation->failed && !operation->cancelled) {
    change.begun = true;
    change.aborted = false;
  }
  return step;
}

bool change_allowed(struct operation *operation, struct range range)
{
  if (!operation_range_allowed(operation, range, true)) {
    return false;
  }
  for (unsigned i = 0; change.begun && i < change.count; i += 1) {
    if (range_inside(range, change.ranges[i])) {
      return true;
    }
  }
  operation_fail(operation, &(struct failure){ ERROR_NOT_BEGUN, range.address,
                                               "% bytes at # lie in no range of an open BEGIN",
                                               { range.length, range.address } });
  return false;
}

struct range change_window_for(struct range range, uint32_t size)
{
  const uint32_t from = range.address / EXTERNAL_SECTOR * EXTERNAL_SECTOR;
  uint32_t left = 0;
  for (unsigned i = 0; i < change.count; i += 1) {
    const struct range begun = change.ranges[i];
    if (range_inside(range, begun)) {
      left = begun.address + begun.length - from;
    }
  }
  const uint32_t needed = range.address + range.length - from;
  const uint32_t wanted = needed > size ? (needed + EXTERNAL_SECTOR - 1u) / EXTERNAL_SECTOR * EXTERNAL_SECTOR : size;
  return (struct range){ from, wanted < left ? wanted : left };
}

bool change_window(struct range range, uint32_t size)
{
  if (range_inside(range, journal_state()->window)) {
    return false;
  }
  journal_write_window(change_window_for(range, size));
  return true;
}

enum { COMMIT_CHECK, COMMIT_HASH, COMMIT_RECORD };

static struct range commit_range(const struct operation *operation, unsigned index)
{
  const uint8_t *entry = operation->payload + 1u + index * (8u + HASH_SIZE);
  return (struct range){ load_u32(entry), load_u32(entry + 4) };
}

static bool commit_check(struct operation *operation)
{
  const uint8_t count = operation->payload[0];
  if (count == 0 || operation->length != 1u + count * (8u + HASH_SIZE)) {
    operation_refuse(operation, "COMMIT: count must be 1 to 8 and agree with the length");
    return false;
  }
  uint32_t wrong = commit_range(operation, 0).address;
  bool same = change.begun && count == change.count;
  for (unsigned i = 0; same && i < count; i += 1) {
    const struct range range = commit_range(operation, i);
    wrong = range.address;
    same = range.address == change.ranges[i].address && range.length == change.ranges[i].length;
  }
  if (!same) {
    operation_fail(operation, &(struct failure){ ERROR_NOT_BEGUN, wrong,
                                                 "COMMIT: the range at # is not as an open BEGIN named it",
                                                 { wrong } });
  }
  return same;
}

static enum step commit_hash(struct operation *operation, struct hash *hash)
{
  uint8_t digest[HASH_SIZE];
  const struct range range = commit_range(operation, operation->index);
  if (operation->cancelled) {
    return STEP_DONE;
  }
  if (hash->position == 0) {
    hash_start(hash, range);
  }
  const int result = hash_step(hash, digest);
  if (result == PORT_BUSY) {
    return STEP_AGAIN;
  }
  if (result < 0) {
    return operation_fail_port(operation, result, range.address);
  }
  if (memcmp(digest, operation->payload + 1u + operation->index * (8u + HASH_SIZE) + 8u, HASH_SIZE) != 0) {
    return operation_fail(operation, &(struct failure){ ERROR_VERIFY_FAILED, range.address,
                                                        "COMMIT: SHA-256 of the % bytes at # is not the expected one",
                                                        { range.length, range.address } });
  }
  hash->position = 0;
  operation->index += 1;
  if (operation->index == change.count) {
    journal_write_whole();
    operation->phase = COMMIT_RECORD;
  }
  return STEP_AGAIN;
}

enum step request_commit(struct operation *operation)
{
  static struct hash hash;
  if (operation->phase == COMMIT_CHECK) {
    if (!commit_check(operation)) {
      return STEP_DONE;
    }
    hash.position = 0;
    operation->phase = COMMIT_HASH;
  }
  if (operation->phase == COMMIT_HASH) {
    return commit_hash(operation, &hash);
  }
  const enum step step = change_record_step(operation);
  if (step == STEP_DONE && !operation->failed) {
    change.begun = false;
  }
  return step;
}

enum step request_unprotect(struct operation *operation)
{
  uint8_t status[3];
  int result = port_flash_unprotect();
  if (result >= 0) {
    result = port_flash_status(status);
  }
  if (result < 0) {
    return operation_fail_port(operation, result, external_range().address);
  }
  message_bytes(operation->answer, status, sizeof status);
  return STEP_DONE;
}
