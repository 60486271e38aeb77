#include "journal.h"

#include "board.h"
#include "bytes.h"
#include "slot.h"

#define HEADER_KIND 0x324Au /* "J2" */
#define RECORD_KIND 0x3252u /* "R2" */
#define SLOT_SIZE 32u
#define SECTOR_SIZE EXTERNAL_SECTOR
#define SLOTS (SECTOR_SIZE / SLOT_SIZE)
/* Where the fields of a header or a record begin. */
enum { UNIT = 2, GENERATION = 4, UNFINISHED = 8, KEPT = 9, BLANK = 10, HULL = 12, WINDOW = 16, DOUBT = 20, COPY = 24, CHECK = 28 };

_Static_assert(BOARD_JOURNAL_LENGTH >= 2u * SECTOR_SIZE, "the journal needs two sectors");

static const struct range NOWHERE;

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

static bool slot_valid(const uint8_t *slot, uint16_t kind)
{
  return load_u16(slot) == kind && port_crc32(slot, CHECK) == load_u32(slot + CHECK);
}

/* Ranges are kept in sectors, counted from the start of the chip. */
static uint16_t sector_of(uint32_t address)
{
  return (uint16_t)((address - BOARD_FLASH_BASE) / SECTOR_SIZE);
}

static uint32_t address_of(uint16_t sector)
{
  return BOARD_FLASH_BASE + sector * SECTOR_SIZE;
}

static void store_range(uint8_t *bytes, struct range range)
{
  store_u16(bytes, range.length == 0 ? 0 : sector_of(range.address));
  store_u16(bytes + 2, (uint16_t)(range.length / SECTOR_SIZE));
}

static struct range load_range(const uint8_t *bytes)
{
  const uint32_t length = load_u16(bytes + 2) * SECTOR_SIZE;
  return (struct range){ length == 0 ? 0 : address_of(load_u16(bytes)), length };
}

static struct journal_state slot_state(const uint8_t *slot)
{
  return (struct journal_state){
    .readable = true,
    .unfinished = slot[UNFINISHED] != 0,
    .hull = load_range(slot + HULL),
    .window = load_range(slot + WINDOW),
    .doubt = load_range(slot + DOUBT),
    .keep = { .unit = address_of(load_u16(slot + UNIT)),
              .blank = load_u16(slot + BLANK),
              .sector = slot[KEPT],
              .crc = load_u32(slot + COPY) },
  };
}

/* Follows the records of the sector that counts, whose header stands in slot 0. */
static int journal_scan(void)
{
  const int result = external_read_settled(slot_address(journal.sector, 0), external_scratch, SECTOR_SIZE);
  if (result < 0) {
    return result;
  }
  if (!slot_valid(external_scratch, HEADER_KIND)) {
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
  journal.state.doubt = range_hull(journal.state.doubt, journal.state.window);
  journal.state.window = NOWHERE;
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
    const int result = external_read_settled(slot_address(sector, 0), header, sizeof header);
    if (result < 0) {
      return result;
    }
    const uint32_t generation = load_u32(header + GENERATION);
    if (slot_valid(header, HEADER_KIND) && (!found || (int32_t)(generation - journal.generation) > 0)) {
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

static bool keep_empty(const struct keep *keep)
{
  return keep->blank == 0 && keep->sector == KEEP_NONE;
}

static void journal_write_state(const struct journal_state *state)
{
  const struct keep *keep = &state->keep;
  const bool header = journal.next >= SLOTS;
  writing.state = *state;
  writing.sector = header ? (uint8_t)(1u - journal.sector) : journal.sector;
  writing.slot = header ? 0 : journal.next;
  memset(writing.bytes, 0, sizeof writing.bytes);
  store_u16(writing.bytes, header ? HEADER_KIND : RECORD_KIND);
  store_u16(writing.bytes + UNIT, keep_empty(keep) ? 0 : sector_of(keep->unit));
  store_u32(writing.bytes + GENERATION, header ? journal.generation + 1u : 0);
  writing.bytes[UNFINISHED] = state->unfinished ? 1 : 0;
  writing.bytes[KEPT] = keep->sector;
  store_u16(writing.bytes + BLANK, keep->blank);
  store_range(writing.bytes + HULL, state->hull);
  store_range(writing.bytes + WINDOW, state->window);
  store_range(writing.bytes + DOUBT, state->doubt);
  store_u32(writing.bytes + COPY, keep->crc);
  store_u32(writing.bytes + CHECK, port_crc32(writing.bytes, CHECK));
  slot_write(&writing.writer,
             (struct slot_writer){ .address = journal_write_address(), .bytes = writing.bytes, .size = SLOT_SIZE },
             header);
}

void journal_write_begin(struct range hull, struct range window)
{
  journal_write_state(&(struct journal_state){ .readable = true,
                                               .unfinished = true,
                                               .hull = hull,
                                               .window = window,
                                               .doubt = journal.state.doubt,
                                               .keep = { .sector = KEEP_NONE } });
}

void journal_write_whole(void)
{
  journal_write_state(&(struct journal_state){ .readable = true, .keep = { .sector = KEEP_NONE } });
}

void journal_write_window(struct range window)
{
  struct journal_state state = journal.state;
  state.window = window;
  if (!range_inside((struct range){ state.keep.unit, SECTOR_SIZE }, window)) {
    state.keep = (struct keep){ .sector = KEEP_NONE };
  }
  journal_write_state(&state);
}

void journal_write_keep(const struct keep *keep, struct range window)
{
  struct journal_state state = journal.state;
  state.window = window;
  state.keep = *keep;
  journal_write_state(&state);
}

void journal_erased(struct range range)
{
  struct range *doubt = &journal.state.doubt;
  const uint32_t end = range.address + range.length;
  if (doubt->length > 0 && range.address <= doubt->address && end > doubt->address) {
    const uint32_t gone = end - doubt->address;
    *doubt = gone < doubt->length ? (struct range){ end, doubt->length - gone } : NOWHERE;
  }
}

void journal_doubt(void)
{
  journal.state.doubt = range_hull(journal.state.doubt, journal.state.window);
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
