/* Replacing the bootloader: docs/protocol.md, section 13. */
#include <string.h>

#include "board.h"
#include "bytes.h"
#include "carry.h"
#include "departure.h"
#include "firmware_version.h"
#include "identity.h"
#include "journal.h"
#include "requests.h"
#include "slot.h"

#define ALLOW_OLDER 1u
#define HASH_OFFSET 5u

enum { UPDATE_CHECK, UPDATE_HASH, UPDATE_IDENTITY, UPDATE_SAVE };

static uint8_t log_words[CARRY_WORDS_MAX][PORT_LOG_WORD_SIZE];
static struct port_sector sector;

static enum step fail_not_replaceable(struct operation *operation)
{
  return operation_fail(operation, &(struct failure){ ERROR_NOT_REPLACEABLE, 0,
                                                      "the internal flash is write-protected or not IMBootloader's: "
                                                      "it stays as it is",
                                                      { 0 } });
}

enum step request_stage(struct operation *operation)
{
  uint8_t *staged = port_sector_staging();
  const uint32_t offset = load_u32(operation->payload);
  const uint32_t size = (uint32_t)operation->length - 4u;
  if (staged == NULL) {
    return fail_not_replaceable(operation);
  }
  if (offset > PORT_SECTOR_IMAGE_MAX || size > PORT_SECTOR_IMAGE_MAX - offset) {
    return operation_fail(operation, &(struct failure){ ERROR_RANGE, offset,
                                                        "STAGE: a bootloader has at most % bytes",
                                                        { PORT_SECTOR_IMAGE_MAX } });
  }
  memcpy(staged + offset, operation->payload + 4, size);
  return STEP_DONE;
}

static uint32_t update_length(const struct operation *operation)
{
  return load_u32(operation->payload);
}

static enum step fail_image(struct operation *operation)
{
  return operation_fail(operation, &(struct failure){ ERROR_BAD_IMAGE, update_length(operation),
                                                      "UPDATE: % bytes that are no whole IMBootloader",
                                                      { update_length(operation) } });
}

static enum step update_check(struct operation *operation)
{
  const uint32_t length = update_length(operation);
  if (port_sector_replaceable() < 0) {
    return fail_not_replaceable(operation);
  }
  if ((operation->payload[4] & ~ALLOW_OLDER) != 0) {
    return operation_refuse(operation, "UPDATE: only bit 0 of flags means something");
  }
  if (length == 0 || length > PORT_SECTOR_IMAGE_MAX || length % 4u != 0) {
    return fail_image(operation);
  }
  if (external_ready() && journal_unfinished()) {
    return operation_fail(operation, &(struct failure){ ERROR_UNFINISHED, journal_state()->hull.address,
                                                        "a flashing that touches # was begun and not committed",
                                                        { journal_state()->hull.address } });
  }
  port_sha256_begin();
  operation->phase = UPDATE_HASH;
  return STEP_AGAIN;
}

static enum step update_hash(struct operation *operation)
{
  const uint32_t left = update_length(operation) - operation->position;
  const uint32_t size = left < EXTERNAL_HASHED ? left : EXTERNAL_HASHED;
  uint8_t digest[32];
  port_sha256_add(port_sector_staging() + operation->position, size);
  operation->position += size;
  if (left > size) {
    return STEP_AGAIN;
  }
  const int result = port_sha256_end(digest);
  if (result < 0) {
    return operation_fail_port(operation, result, 0);
  }
  if (memcmp(digest, operation->payload + HASH_OFFSET, sizeof digest) != 0) {
    return operation_fail(operation, &(struct failure){ ERROR_VERIFY_FAILED, 0,
                                                        "SHA-256 of the staged bootloader differs", { 0 } });
  }
  operation->phase = UPDATE_IDENTITY;
  return STEP_AGAIN;
}

static enum step update_identity(struct operation *operation)
{
  static const uint8_t name[IDENTITY_BOARD_SIZE] = BOARD_NAME;
  struct identity identity;
  if (!identity_read(port_sector_staging(), update_length(operation), &identity)) {
    return fail_image(operation);
  }
  if (memcmp(identity.board, name, sizeof name) != 0) {
    return operation_fail(operation, &(struct failure){ ERROR_OTHER_BOARD, 0,
                                                        "UPDATE: the image is another board's, this is " BOARD_NAME,
                                                        { 0 } });
  }
  if (identity.version < FIRMWARE_VERSION_NUMBER && (operation->payload[4] & ALLOW_OLDER) == 0) {
    return operation_fail(operation, &(struct failure){ ERROR_OLDER, identity.version,
                                                        "UPDATE: the image is older than " FIRMWARE_VERSION, { 0 } });
  }
  sector = (struct port_sector){ .image = port_sector_staging(),
                                 .length = identity.length,
                                 .log = log_words[0],
                                 .log_offset = identity.log,
                                 .log_words = carry_words(log_words) };
  operation->phase = UPDATE_SAVE;
  if (external_ready()) {
    carry_save();
    return STEP_AGAIN;
  }
  departure_replace(&sector); /* a chip that does not answer may be why there is a new bootloader */
  return STEP_DONE;
}

/* Until here nothing has changed; a session that ended meanwhile wants nothing any more. */
static enum step update_save(struct operation *operation)
{
  const int result = carry_step();
  if (result == PORT_BUSY) {
    return STEP_WAIT;
  }
  if (operation->cancelled) {
    return STEP_DONE;
  }
  if (result == SLOT_ERROR_VERIFY) {
    return operation_fail(operation, &(struct failure){ ERROR_WRITE_FAILED, BOARD_JOURNAL_ADDRESS,
                                                        "the log's copy at # does not hold what was written",
                                                        { BOARD_JOURNAL_ADDRESS } });
  }
  if (result < 0) {
    return operation_fail_port(operation, result, BOARD_JOURNAL_ADDRESS);
  }
  departure_replace(&sector);
  return STEP_DONE;
}

enum step request_update(struct operation *operation)
{
  switch (operation->phase) {
  case UPDATE_CHECK:
    return update_check(operation);
  case UPDATE_HASH:
    return update_hash(operation);
  case UPDATE_IDENTITY:
    return update_identity(operation);
  default:
    return update_save(operation);
  }
}
