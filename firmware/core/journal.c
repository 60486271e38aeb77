#include "journal.h"

#include "board.h"
#include "bytes.h"
#include "slot.h"

#define HEADER_MAGIC 0x314A4D49u /* "IMJ1" */
#define RECORD_KIND 0x31434552u  /* "REC1" */
#define SLOT_SIZE 32u
#define SECTOR_SIZE EXTERNAL_SECTOR
#define SLOTS (SECTOR_SIZE / SLOT_SIZE)
#define CRC_OFFSET 28u
#define UNFINISHED_MASK 0xFFFFu
#define BLANK_SHIFT 16
/* Below the unit's address, which is a multiple of a sector. */
#define KEEP_UNIT_MASK (~(SECTOR_SIZE - 1u))
#define KEEP_INDEX_MASK 0x0Fu
#define KEEP_SECTOR 0x10u

_Static_assert(BOARD_JOURNAL_LENGTH >= 2u * SECTOR_SIZE, "the journal needs two sectors");

static struct {
  struct journal_state state;
  uint32_t generation; /* 0 while no sector has a valid header */
  uint8_t sector;      /* the one that counts */
  uint32_t next;       /* its first slot behind everything that was ever written; SLOTS when full */
} journal;

static struct {
  struct slot_writer writer;
  uint8_t sector;
  uint32_t slot;
  struct journal_state state;
  uint8_t bytes[SLOT_SIZE];
} writing;

static uint32_t slot_address(uint8_t sector, uint32_t slot)
{
  return BOARD_JOURNAL_ADDRESS + sector * SECTOR_SIZE + slot * SLOT_SIZE;
}

static bool slot_valid(const uint8_t *slot, uint32_t magic)
{
  return load_u32(slot) == magic && port_crc32(slot, CRC_OFFSET) == load_u32(slot + CRC_OFFSET);
}

static struct journal_state slot_state(const uint8_t *slot)
{
  const uint32_t state = load_u32(slot + 8);
  const uint32_t keep = load_u32(slot + 20);
  return (struct journal_state){
    .readable = true,
    .unfinished = (state & UNFINISHED_MASK) != 0,
    .hull = { load_u32(slot + 12), load_u32(slot + 16) },
    .keep = { .unit = keep & KEEP_UNIT_MASK,
              .blank = (uint16_t)(state >> BLANK_SHIFT),
              .sector = (keep & KEEP_SECTOR) != 0 ? (uint8_t)(keep & KEEP_INDEX_MASK) : KEEP_NONE,
              .crc = load_u32(slot + 24) },
  };
}

/* Follows the records of the sector that counts, whose header stands in slot 0. */
static int journal_scan(void)
{
  const int result = external_read(slot_address(journal.sector, 0), external_scratch, SECTOR_SIZE);
  if (result < 0) {
    return result;
  }
  if (!slot_valid(external_scratch, HEADER_MAGIC)) {
    return PORT_ERROR_BUS; /* it was valid a moment ago */
  }
  journal.state = slot_state(external_scratch);
  journal.next = 1;
  for (uint32_t i = 1; i < SLOTS; i += 1) {
    const uint8_t *slot = external_scratch + i * SLOT_SIZE;
    if (slot_valid(slot, RECORD_KIND)) {
      journal.state = slot_state(slot);
    }
    if (!slot_blank(slot, SLOT_SIZE)) {
      journal.next = i + 1;
    }
  }
  return PORT_OK;
}

int journal_read(void)
{
  bool found = false;
  memset(&journal, 0, sizeof journal);
  if (!external_ready()) {
    return external.start;
  }
  if (!range_inside((struct range){ BOARD_JOURNAL_ADDRESS, BOARD_JOURNAL_LENGTH }, external_range())) {
    return PORT_ERROR_UNKNOWN;
  }
  for (uint8_t sector = 0; sector < 2; sector += 1) {
    uint8_t header[SLOT_SIZE];
    const int result = external_read(slot_address(sector, 0), header, sizeof header);
    if (result < 0) {
      return result;
    }
    const uint32_t generation = load_u32(header + 4);
    if (slot_valid(header, HEADER_MAGIC) && (!found || (int32_t)(generation - journal.generation) > 0)) {
      found = true;
      journal.sector = sector;
      journal.generation = generation;
    }
  }
  if (found) {
    return journal_scan();
  }
  /* As if sector 1 were full: the first record becomes the header of sector 0, generation 1. */
  journal.sector = 1;
  journal.next = SLOTS;
  journal.state.readable = true;
  journal.state.keep.sector = KEEP_NONE;
  return PORT_OK;
}

const struct journal_state *journal_state(void)
{
  return &journal.state;
}

bool journal_unfinished(void)
{
  return !journal.state.readable || journal.state.unfinished;
}

uint32_t journal_write_address(void)
{
  return slot_address(writing.sector, writing.slot);
}

static void journal_write_state(const struct journal_state *state)
{
  const struct keep *keep = &state->keep;
  const bool header = journal.next >= SLOTS;
  writing.state = *state;
  writing.sector = header ? (uint8_t)(1u - journal.sector) : journal.sector;
  writing.slot = header ? 0 : journal.next;
  memset(writing.bytes, 0, sizeof writing.bytes);
  store_u32(writing.bytes, header ? HEADER_MAGIC : RECORD_KIND);
  store_u32(writing.bytes + 4, header ? journal.generation + 1u : 0);
  store_u32(writing.bytes + 8, (state->unfinished ? 1u : 0) | (uint32_t)keep->blank << BLANK_SHIFT);
  store_u32(writing.bytes + 12, state->hull.address);
  store_u32(writing.bytes + 16, state->hull.length);
  store_u32(writing.bytes + 20, keep->unit | (keep->sector == KEEP_NONE ? 0 : KEEP_SECTOR | keep->sector));
  store_u32(writing.bytes + 24, keep->crc);
  store_u32(writing.bytes + CRC_OFFSET, port_crc32(writing.bytes, CRC_OFFSET));
  slot_write(&writing.writer,
             (struct slot_writer){ .address = journal_write_address(), .bytes = writing.bytes, .size = SLOT_SIZE },
             header);
}

void journal_write(bool unfinished, struct range hull)
{
  journal_write_state(&(struct journal_state){
    .readable = true, .unfinished = unfinished, .hull = hull, .keep = { .sector = KEEP_NONE } });
}

void journal_write_keep(const struct keep *keep)
{
  struct journal_state state = journal.state;
  state.keep = *keep;
  journal_write_state(&state);
}

/* The record is in the flash: it counts from now on. */
static void journal_take(void)
{
  if (writing.slot == 0) {
    journal.sector = writing.sector;
    journal.generation += 1;
  }
  journal.next = writing.slot + 1;
  journal.state = writing.state;
}

int journal_step(void)
{
  const int result = slot_step(&writing.writer);
  if (writing.slot > 0 && slot_spent(&writing.writer)) {
    journal.next = writing.slot + 1;
  }
  if (result == PORT_OK) {
    journal_take();
  }
  return result;
}
