#include "carry.h"

#include "board.h"
#include "bytes.h"
#include "journal.h"
#include "log.h"
#include "owner.h"
#include "rescue.h"
#include "slot.h"

#define COPY_SIZE 64u
#define COPY_MAGIC 0x43474F4Cu /* "LOGC" */
#define OWNED_OFFSET 8u
#define POLICY_OFFSET 9u
#define KEY_OFFSET 12u
#define CRC_OFFSET 60u
#define TWICE 2u
#define POLLS_MAX 1000000u /* the port tells a timeout of the chip long before */

static uint8_t copy[COPY_SIZE];
static struct slot_writer writer;

static uint32_t add(uint8_t words[CARRY_WORDS_MAX][PORT_LOG_WORD_SIZE], uint32_t count,
                    const struct log_record *record)
{
  log_encode(record, words[count]);
  return count + 1u;
}

/* As owner_claim writes it: the key's word, and a record that points to it. */
static uint32_t add_owner(uint8_t words[CARRY_WORDS_MAX][PORT_LOG_WORD_SIZE], uint32_t count)
{
  struct log_record record = { .kind = LOG_OWNER, .value = count };
  memcpy(record.key, owner()->key, LOG_KEY_SIZE);
  memcpy(words[count], owner()->key, OWNER_KEY_SIZE);
  return add(words, count + 1u, &record);
}

uint32_t carry_words(uint8_t words[CARRY_WORDS_MAX][PORT_LOG_WORD_SIZE])
{
  uint32_t count = 0;
  for (unsigned i = 0; i < TWICE && owner()->ownership == OWNER_CLAIMED; i += 1) {
    count = add_owner(words, count);
  }
  for (unsigned i = 0; i < TWICE && owner()->policy != 0; i += 1) {
    count = add(words, count, &(struct log_record){ .kind = LOG_POLICY, .value = owner()->policy });
  }
  if (log_boot_address() != BOARD_APPLICATION_ADDRESS) {
    count = add(words, count, &(struct log_record){ .kind = LOG_BOOT, .value = log_boot_address() });
  }
  return count;
}

void carry_save(void)
{
  memset(copy, 0, sizeof copy);
  store_u32(copy, COPY_MAGIC);
  store_u32(copy + 4, log_boot_address());
  copy[OWNED_OFFSET] = (uint8_t)owner()->ownership;
  copy[POLICY_OFFSET] = owner()->policy;
  memcpy(copy + KEY_OFFSET, owner()->key, OWNER_KEY_SIZE);
  store_u32(copy + CRC_OFFSET, port_crc32(copy, CRC_OFFSET));
  slot_write(&writer, (struct slot_writer){ .address = rescue_address(), .bytes = copy, .size = sizeof copy }, true);
}

int carry_step(void)
{
  return slot_step(&writer);
}

/* Nothing of what the log says is replaced: it is newer than any copy. */
static int restore(void)
{
  int result = PORT_OK;
  const uint32_t address = load_u32(copy + 4);
  const uint8_t *key = copy + KEY_OFFSET;
  if (copy[OWNED_OFFSET] == OWNER_CLAIMED && owner()->ownership == OWNER_NONE) {
    result = owner_claim(key);
  }
  const bool same_owner = owner()->ownership != OWNER_NONE && memcmp(owner()->key, key, OWNER_KEY_SIZE) == 0;
  if (result >= 0 && same_owner && owner()->policy == 0) {
    result = owner_set_policy(copy[POLICY_OFFSET]);
  }
  if (result >= 0 && log_boot_address() == BOARD_APPLICATION_ADDRESS) {
    result = log_store_boot_address(address);
  }
  return result;
}

static void make_void(void)
{
  memset(copy, 0, sizeof copy);
  slot_write(&writer, (struct slot_writer){ .address = rescue_address(), .bytes = copy, .size = sizeof copy }, false);
  int result = PORT_BUSY;
  for (uint32_t polls = 0; result == PORT_BUSY && polls < POLLS_MAX; polls += 1) {
    port_watchdog_feed();
    result = slot_step(&writer);
  }
}

void carry_restore(void)
{
  const bool sector_free = port_sector_staging() != NULL && external_ready() && journal_state()->readable && journal_state()->keep.sector == KEEP_NONE;
  if (!sector_free || external_read_settled(rescue_address(), copy, sizeof copy) < 0 || load_u32(copy) != COPY_MAGIC ||
      load_u32(copy + CRC_OFFSET) != port_crc32(copy, CRC_OFFSET)) {
    return;
  }
  if (restore() >= 0) {
    make_void();
  }
}
