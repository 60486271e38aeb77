#include "signature.h"

#include "board.h"
#include "boot.h"
#include "bytes.h"
#include "hash.h"
#include "owner.h"
#include "placement.h"
#include "slot.h"

#define MAGIC 0x31474953u /* "SIG1" */
#define SLOT_SIZE 128u
#define SLOTS (EXTERNAL_SECTOR / SLOT_SIZE)
#define SIGNATURE_OFFSET 12u
#define CRC_OFFSET 124u
#define SECTOR_ADDRESS (BOARD_JOURNAL_ADDRESS + 2u * EXTERNAL_SECTOR)
#define KEPT_MAX 15u /* of the slots that still count, when the sector is erased */

#define SIGNED_TEXT "IMFL-APP-1"
#define TEXT_SIZE (sizeof SIGNED_TEXT - 1u)

_Static_assert(BOARD_JOURNAL_LENGTH >= 3u * EXTERNAL_SECTOR, "signatures have the journal's third sector");
_Static_assert(SLOT_SIZE <= SLOT_SIZE_MAX, "slot.h writes them");

static struct {
  struct signature signature;
  struct hash hash;
} check;

static struct {
  struct slot_writer writer;
  uint32_t slot;  /* of the sector, being written */
  uint32_t count; /* slots of `bytes` */
  uint32_t done;  /* of these written */
} storing;

/* What is to be written: the slots that are kept, and the new one. */
static uint8_t pending[KEPT_MAX + 1u][SLOT_SIZE] AXI_SRAM;

static bool slot_valid(const uint8_t *slot)
{
  return load_u32(slot) == MAGIC && port_crc32(slot, CRC_OFFSET) == load_u32(slot + CRC_OFFSET);
}

static const uint8_t *sector_slot(uint32_t index)
{
  return external_scratch + index * SLOT_SIZE;
}

/* The last valid slot of an address in external_scratch, or NULL. */
static const uint8_t *sector_find(uint32_t address)
{
  for (uint32_t i = SLOTS; i-- > 0;) {
    if (load_u32(sector_slot(i) + 4) == address && slot_valid(sector_slot(i))) {
      return sector_slot(i);
    }
  }
  return NULL;
}

static int sector_read(void)
{
  return external_read_settled(SECTOR_ADDRESS, external_scratch, EXTERNAL_SECTOR);
}

bool signature_wanted(void)
{
  return (owner()->policy & POLICY_SIGNED) != 0;
}

/* --- checking ---------------------------------------------------------------------------------------------- */

void signature_check(const struct signature *signature)
{
  check.signature = *signature;
  hash_start(&check.hash, signature->range);
}

static bool check_holds(const uint8_t digest[HASH_SIZE])
{
  uint8_t message[TEXT_SIZE + 8u + HASH_SIZE];
  memcpy(message, SIGNED_TEXT, TEXT_SIZE);
  store_u32(message + TEXT_SIZE, check.signature.range.address);
  store_u32(message + TEXT_SIZE + 4u, check.signature.range.length);
  memcpy(message + TEXT_SIZE + 8u, digest, HASH_SIZE);
  return verify_strict(check.signature.bytes, message, sizeof message, owner()->key);
}

int signature_check_step(void)
{
  uint8_t digest[HASH_SIZE];
  const int result = hash_step(&check.hash, digest);
  if (result != PORT_OK) {
    return result;
  }
  return check_holds(digest) ? PORT_OK : SIGNATURE_ERROR_WRONG;
}

/* The code that runs first is inside what was signed; of the rest, the application that was signed takes care. */
static int reset_vector_check(struct range range)
{
  uint8_t vectors[8];
  const int result = external_read_settled(range.address, vectors, sizeof vectors);
  if (result < 0) {
    return result;
  }
  const uint32_t reset = load_u32(vectors + 4) & ~1u;
  return range_inside((struct range){ reset, 2 }, range) ? PORT_OK : SIGNATURE_ERROR_WRONG;
}

int signature_check_application(uint32_t address)
{
  struct signature signature;
  int result = sector_read();
  if (result < 0) {
    return result;
  }
  const uint8_t *slot = sector_find(address);
  if (slot == NULL || owner()->ownership == OWNER_NONE) {
    return SIGNATURE_ERROR_WRONG;
  }
  signature.range = (struct range){ address, load_u32(slot + 8) };
  memcpy(signature.bytes, slot + SIGNATURE_OFFSET, sizeof signature.bytes);
  if (signature.range.length < SIGNATURE_LENGTH_MIN || !boot_range_in_application(signature.range) ||
      !range_inside(signature.range, external_range())) {
    return SIGNATURE_ERROR_WRONG;
  }
  result = reset_vector_check(signature.range);
  if (result < 0) {
    return result;
  }
  signature_check(&signature);
  return PORT_BUSY;
}

/* --- storing ------------------------------------------------------------------------------------------------ */

uint32_t signature_store_address(void)
{
  return SECTOR_ADDRESS + storing.slot * SLOT_SIZE;
}

static void store_next(bool erase)
{
  slot_write(&storing.writer,
             (struct slot_writer){ .address = signature_store_address(), .bytes = pending[storing.done], .size = SLOT_SIZE },
             erase);
}

static void build(uint8_t slot[SLOT_SIZE], const struct signature *signature)
{
  memset(slot, 0, SLOT_SIZE);
  store_u32(slot, MAGIC);
  store_u32(slot + 4, signature->range.address);
  store_u32(slot + 8, signature->range.length);
  memcpy(slot + SIGNATURE_OFFSET, signature->bytes, sizeof signature->bytes);
  store_u32(slot + CRC_OFFSET, port_crc32(slot, CRC_OFFSET));
}

/* Of the sector in external_scratch: the newest slots that still count beside one for `address`. */
static uint32_t keep(uint32_t address)
{
  uint32_t kept = 0;
  for (uint32_t i = SLOTS; i-- > 0 && kept < KEPT_MAX;) {
    const uint8_t *slot = sector_slot(i);
    const uint32_t of = load_u32(slot + 4);
    if (of != address && sector_find(of) == slot) {
      memcpy(pending[kept], slot, SLOT_SIZE);
      kept += 1;
    }
  }
  return kept;
}

static uint32_t first_free(void)
{
  uint32_t free = SLOTS;
  while (free > 0 && slot_blank(sector_slot(free - 1u), SLOT_SIZE)) {
    free -= 1;
  }
  return free;
}

int signature_store(const struct signature *signature)
{
  uint8_t slot[SLOT_SIZE];
  const int result = sector_read();
  if (result < 0) {
    return result;
  }
  build(slot, signature);
  const uint8_t *counts = sector_find(signature->range.address);
  if (counts != NULL && memcmp(counts, slot, SLOT_SIZE) == 0) {
    return PORT_OK;
  }
  storing.slot = first_free();
  const bool full = storing.slot == SLOTS;
  const uint32_t kept = full ? keep(signature->range.address) : 0;
  memcpy(pending[kept], slot, SLOT_SIZE);
  storing.count = kept + 1u;
  storing.done = 0;
  storing.slot = full ? 0 : storing.slot;
  store_next(full);
  return PORT_BUSY;
}

int signature_store_step(void)
{
  const int result = slot_step(&storing.writer);
  if (result != PORT_OK) {
    return result;
  }
  storing.done += 1;
  if (storing.done == storing.count) {
    return PORT_OK;
  }
  storing.slot += 1;
  store_next(false);
  return PORT_BUSY;
}
