#include "board.h"
#include "board_id.h"
#include "change.h"
#include "firmware_version.h"
#include "journal.h"
#include "requests.h"
#include "session.h"

static const struct range reserved[BOARD_RESERVED_COUNT] = BOARD_RESERVED;

enum step request_info(struct operation *operation)
{
  struct message *answer = operation->answer;
  const struct journal_state *journal = journal_state();
  const bool unfinished = external_ready() && journal_unfinished();
  struct port_identity identity;
  port_identify(&identity);
  message_str8(answer, FIRMWARE_VERSION);
  message_str8(answer, BOARD_NAME);
  message_bytes(answer, identity.unique_id, sizeof identity.unique_id);
  message_u32(answer, identity.device);
  message_u32(answer, identity.reset_cause);
  message_u8(answer, (uint8_t)session_facts()->reason);
  message_u8(answer, unfinished ? 1 : 0);
  message_u32(answer, unfinished ? journal->hull.address : 0);
  message_u32(answer, unfinished ? journal->hull.length : 0);
  message_u32(answer, identity.cpu_hz);
  message_u32(answer, identity.qspi_hz);
  message_u32(answer, unfinished ? journal->doubt.address : 0);
  message_u32(answer, unfinished ? journal->doubt.length : 0);
  return STEP_DONE;
}

enum step request_geometry(struct operation *operation)
{
  struct message *answer = operation->answer;
  const struct port_flash_geometry *flash = &external.geometry;
  message_u32(answer, BOARD_FLASH_BASE);
  message_u32(answer, flash->size);
  message_u16(answer, flash->page);
  message_bytes(answer, flash->jedec, sizeof flash->jedec);
  message_u8(answer, flash->unique_id_length);
  message_bytes(answer, flash->unique_id, sizeof flash->unique_id);
  message_u32(answer, flash->program_typical_us);
  message_u32(answer, flash->program_maximum_us);
  message_u8(answer, flash->erase_sizes);
  for (unsigned i = 0; i < flash->erase_sizes; i += 1) {
    message_u32(answer, flash->erase[i].bytes);
    message_u32(answer, flash->erase[i].typical_us);
    message_u32(answer, flash->erase[i].maximum_us);
  }
  message_u32(answer, BOARD_APPLICATION_ADDRESS);
  message_u32(answer, BOARD_APPLICATION_LENGTH);
  message_u8(answer, BOARD_RESERVED_COUNT);
  for (unsigned i = 0; i < BOARD_RESERVED_COUNT; i += 1) {
    message_u32(answer, reserved[i].address);
    message_u32(answer, reserved[i].length);
  }
  return STEP_DONE;
}

enum step request_status(struct operation *operation)
{
  struct message *answer = operation->answer;
  const struct session_facts *session = session_facts();
  uint8_t status[3] = { 0xFF, 0xFF, 0xFF };
  if (external_ready()) {
    const int result = port_flash_status(status);
    if (result < 0) {
      return operation_fail_port(operation, result, BOARD_FLASH_BASE);
    }
  }
  message_u32(answer, port_millis());
  message_bytes(answer, status, sizeof status);
  message_u8(answer, change_begun() ? 1 : 0);
  message_u32(answer, external.erased);
  message_u32(answer, external.programmed);
  message_u32(answer, session->frames);
  message_u32(answer, session->bad);
  return STEP_DONE;
}
