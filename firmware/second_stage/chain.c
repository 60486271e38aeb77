#include "chain.h"

#include "board.h"
#include "bytes.h"
#include "external.h"
#include "slot.h"

/* slot = word 32 bytes | link 28 bytes | mark u32: all ones until the slot was read back, then zeros */
#define LINK_OFFSET PORT_LOG_WORD_SIZE
#define MARK_OFFSET (LINK_OFFSET + CHAIN_LINK_SIZE)
#define MARK_BLANK 0xFFFFFFFFu
#define BATCH (EXTERNAL_SLICE / CHAIN_SLOT_SIZE)

/* What a link is the beginning of the SHA-256 of. */
#define LINK_TEXT "IMFL-LOG-1\0"
#define TEXT_SIZE 12u
#define UNIQUE_ID_SIZE 12u
#define MESSAGE_SIZE (TEXT_SIZE + UNIQUE_ID_SIZE + 4u + CHAIN_LINK_SIZE + PORT_LOG_WORD_SIZE)

_Static_assert(BOARD_LOG_LENGTH == PORT_LOG_WORDS * CHAIN_SLOT_SIZE, "the log's region has one slot for each word");
_Static_assert(sizeof LINK_TEXT == TEXT_SIZE, "the text and its terminator");

static uint32_t used;                        /* slots that are not blank, or have one behind them that is not */
static uint8_t counts[PORT_LOG_WORDS / 8u];  /* by bits: slots that belong to the chain */
static uint8_t last[CHAIN_LINK_SIZE];        /* the link of the last of them; zeros before the first */
static uint32_t failed_at;                   /* the slot that was written last */

static uint32_t slot_at(uint32_t index)
{
  return BOARD_LOG_ADDRESS + index * CHAIN_SLOT_SIZE;
}

static int make_link(uint32_t index, const uint8_t *word, uint8_t link[CHAIN_LINK_SIZE])
{
  uint8_t message[MESSAGE_SIZE];
  uint8_t digest[32];
  struct port_identity identity;
  port_identify(&identity);
  uint8_t *to = message;
  memcpy(to, LINK_TEXT, TEXT_SIZE);
  to += TEXT_SIZE;
  memcpy(to, identity.unique_id, UNIQUE_ID_SIZE);
  to += UNIQUE_ID_SIZE;
  store_u32(to, index);
  memcpy(to + 4, last, CHAIN_LINK_SIZE);
  memcpy(to + 4 + CHAIN_LINK_SIZE, word, PORT_LOG_WORD_SIZE);
  port_sha256_begin();
  port_sha256_add(message, sizeof message);
  const int result = port_sha256_end(digest);
  memcpy(link, digest, CHAIN_LINK_SIZE);
  return result;
}

static int program(uint32_t address, const uint8_t *bytes, size_t size)
{
  int result = external_program(address, bytes, size);
  while (result == PORT_OK || result == PORT_BUSY) {
    result = port_flash_poll();
    port_watchdog_feed();
    if (result == PORT_OK) {
      return PORT_OK;
    }
  }
  return result;
}

static bool counted(uint32_t index)
{
  return (counts[index / 8u] & 1u << index % 8u) != 0;
}

static void take(uint32_t index, const uint8_t *link)
{
  counts[index / 8u] |= (uint8_t)(1u << index % 8u);
  memcpy(last, link, CHAIN_LINK_SIZE);
}

/* Word and link, then the mark; whatever comes of it, the slot is spent. Programming the same bytes again does no harm. */
static int write_slot(uint32_t index, const uint8_t slot[CHAIN_SLOT_SIZE])
{
  static const uint8_t mark[4] = { 0, 0, 0, 0 };
  uint8_t found[MARK_OFFSET];
  int result = program(slot_at(index), slot, MARK_OFFSET);
  if (result == PORT_OK) {
    result = external_read_settled(slot_at(index), found, sizeof found);
  }
  if (result != PORT_OK) {
    return result;
  }
  if (memcmp(found, slot, sizeof found) != 0) {
    return PORT_ERROR_LOG;
  }
  take(index, slot + LINK_OFFSET);
  return program(slot_at(index) + MARK_OFFSET, mark, sizeof mark);
}

/* A slot whose mark is touched was whole before: if it is no longer, that was not a power cut. */
static int check(uint32_t index, const uint8_t slot[CHAIN_SLOT_SIZE])
{
  uint8_t link[CHAIN_LINK_SIZE];
  const int result = make_link(index, slot, link);
  if (result < 0) {
    return result;
  }
  const bool marked = load_u32(slot + MARK_OFFSET) != MARK_BLANK;
  used = index + 1u;
  if (memcmp(link, slot + LINK_OFFSET, sizeof link) != 0) {
    return marked ? PORT_ERROR_CHAIN : PORT_OK;
  }
  if (marked) {
    take(index, link);
  } else {
    (void)write_slot(index, slot); /* it counts if it reads back; a mark that is still missing is for the next start */
  }
  return PORT_OK;
}

/* Most of the log is blank, and of a page that holds a slot that counts no read is: one look is enough for that. */
static int check_batch(uint32_t first)
{
  int result = external_read(slot_at(first), external_scratch, EXTERNAL_SLICE);
  if (result != PORT_OK || slot_blank(external_scratch, EXTERNAL_SLICE)) {
    return result;
  }
  result = external_read_settled(slot_at(first), external_scratch, EXTERNAL_SLICE);
  for (uint32_t i = 0; i < BATCH && result == PORT_OK; i += 1u) {
    const uint8_t *slot = external_scratch + i * CHAIN_SLOT_SIZE;
    result = slot_blank(slot, CHAIN_SLOT_SIZE) ? PORT_OK : check(first + i, slot);
  }
  return result;
}

int chain_start(void)
{
  used = 0;
  memset(counts, 0, sizeof counts);
  memset(last, 0, sizeof last);
  if (!external_ready()) {
    return external.start;
  }
  if (!range_inside((struct range){ BOARD_LOG_ADDRESS, BOARD_LOG_LENGTH }, external_range())) {
    return PORT_ERROR_UNKNOWN;
  }
  for (uint32_t first = 0; first < PORT_LOG_WORDS; first += BATCH) {
    const int result = check_batch(first);
    if (result != PORT_OK) {
      return result;
    }
  }
  return PORT_OK;
}

int chain_read(uint32_t index, uint8_t word[PORT_LOG_WORD_SIZE])
{
  if (index >= used) {
    memset(word, 0xFF, PORT_LOG_WORD_SIZE);
    return PORT_OK;
  }
  if (!counted(index)) {
    return PORT_ERROR_ECC;
  }
  return external_read_settled(slot_at(index), word, PORT_LOG_WORD_SIZE);
}

bool chain_blank(uint32_t index)
{
  return index >= used;
}

int chain_program(uint32_t index, const uint8_t word[PORT_LOG_WORD_SIZE])
{
  uint8_t slot[CHAIN_SLOT_SIZE];
  memcpy(slot, word, PORT_LOG_WORD_SIZE);
  int result = make_link(index, word, slot + LINK_OFFSET);
  failed_at = slot_at(index);
  if (result < 0 || index < used) {
    return PORT_ERROR_LOG;
  }
  result = external_unprotected();
  if (result < 0) {
    return result;
  }
  used = index + 1u;
  return write_slot(index, slot);
}

uint32_t chain_failed_at(void)
{
  return failed_at;
}
