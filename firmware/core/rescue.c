#include "rescue.h"

#include "board.h"
#include "bytes.h"
#include "slot.h"

#define SECTOR_SIZE EXTERNAL_SECTOR
#define PART_MAX 256u
#define RESCUE_SECTOR 3u /* of the journal's region */

_Static_assert(BOARD_JOURNAL_LENGTH >= (RESCUE_SECTOR + 1u) * SECTOR_SIZE, "the rescue needs a sector");

enum phase { PHASE_LOOK, PHASE_ERASING, PHASE_PROGRAM, PHASE_PROGRAMMING };

static struct {
  bool pending;
  bool renew; /* an erase may have been cut off since all was put back */
  enum phase phase;
  uint8_t sector; /* index in the unit */
  uint32_t position;
} rescue;

uint32_t rescue_address(void)
{
  return BOARD_JOURNAL_ADDRESS + RESCUE_SECTOR * SECTOR_SIZE;
}

uint32_t rescue_part(void)
{
  return external.geometry.page < PART_MAX ? external.geometry.page : PART_MAX;
}

static const struct keep *keep(void)
{
  return &journal_state()->keep;
}

void rescue_reset(void)
{
  rescue.pending = false;
  rescue.renew = true;
}

void rescue_renew(void)
{
  rescue.renew = true;
}

void rescue_start(void)
{
  if (rescue.pending) {
    return;
  }
  const struct journal_state *state = journal_state();
  const bool something = keep()->blank != 0 || keep()->sector != KEEP_NONE;
  rescue.pending = external_ready() && state->readable && state->unfinished && something;
  rescue.phase = PHASE_LOOK;
  rescue.sector = 0;
}

bool rescue_pending(void)
{
  return rescue.pending;
}

static uint32_t sector_address(void)
{
  return keep()->unit + rescue.sector * SECTOR_SIZE;
}

static int read_crc(uint32_t address, uint32_t *crc)
{
  const int result = external_read_settled(address, external_scratch, SECTOR_SIZE);
  if (result >= 0) {
    *crc = port_crc32(external_scratch, SECTOR_SIZE);
  }
  return result;
}

/*
 * Is the sector what it was, or is there nothing that it could be made again? What reads right after an erase that was cut
 * off may read otherwise the next time: once after each start no sector is. Negative: the port's error.
 */
static int sector_right(void)
{
  uint32_t found = 0;
  uint32_t saved = 0;
  int result = read_crc(sector_address(), &found);
  if (result < 0 || rescue.sector != keep()->sector) {
    return result < 0 ? result : slot_blank(external_scratch, SECTOR_SIZE) && !rescue.renew;
  }
  if (found == keep()->crc && !rescue.renew) {
    return 1;
  }
  /* The copy is erased only when the next unit's turn has come: this one is whole then. */
  result = read_crc(rescue_address(), &saved);
  return result < 0 ? result : saved != keep()->crc;
}

static bool sector_named(void)
{
  return rescue.sector == keep()->sector || ((uint32_t)keep()->blank >> rescue.sector & 1u) != 0;
}

/* Goes on to the next sector that is not as it was, and begins to erase it. */
static int look(void)
{
  for (; rescue.sector < KEEP_SECTORS; rescue.sector += 1) {
    const int right = sector_named() ? sector_right() : 1;
    if (right < 0) {
      return right;
    }
    if (right == 0) {
      rescue.phase = PHASE_ERASING;
      rescue.position = 0;
      const int result = external_erase(sector_address(), SECTOR_SIZE);
      return result < 0 ? result : PORT_BUSY;
    }
  }
  return PORT_OK;
}

/* Begins the next page that is not blank; without one, the sector is done. */
static int program(void)
{
  const uint32_t part = rescue_part();
  for (; rescue.sector == keep()->sector && rescue.position < SECTOR_SIZE; rescue.position += part) {
    int result = external_read(rescue_address() + rescue.position, external_scratch, part);
    if (result >= 0 && slot_blank(external_scratch, part)) {
      continue;
    }
    if (result >= 0) {
      rescue.phase = PHASE_PROGRAMMING;
      result = external_program(sector_address() + rescue.position, external_scratch, part);
      rescue.position += part;
    }
    return result < 0 ? result : PORT_BUSY;
  }
  rescue.sector += 1;
  rescue.phase = PHASE_LOOK;
  return look();
}

static int advance(void)
{
  if (rescue.phase == PHASE_LOOK) {
    return look();
  }
  const int result = port_flash_poll();
  return result < 0 || result == PORT_BUSY ? result : program();
}

int rescue_step(void)
{
  const int result = rescue.pending ? advance() : PORT_OK;
  if (rescue.pending && result == PORT_OK) {
    rescue.renew = false;
  }
  /* After an error it is tried again when the next session begins. */
  rescue.pending = result == PORT_BUSY;
  return result == PORT_BUSY ? PORT_BUSY : PORT_OK;
}
