#include "log.h"

#include "board.h"
#include "bytes.h"
#include "owner.h"
#include "slot.h"

#define CHECK 0x5A5A5A5Au
#define KEY_OFFSET 8u
#define CHECK_OFFSET 24u
#define CRC_OFFSET 28u
#define STRETCH 16u /* words that are looked at together: most of the log is blank, and it is read at every start */

_Static_assert(PORT_LOG_WORDS % STRETCH == 0, "the log is whole stretches");

static bool intact;
static uint32_t boot_address;
static uint32_t next; /* the first word behind everything that is not blank */

static bool word_valid(const uint8_t *word)
{
  return load_u32(word + CHECK_OFFSET) == CHECK && load_u32(word + CRC_OFFSET) == port_crc32(word, CRC_OFFSET);
}

static void take(const uint8_t *word)
{
  struct log_record record = { .kind = (enum log_kind)load_u32(word), .value = load_u32(word + 4) };
  memcpy(record.key, word + KEY_OFFSET, LOG_KEY_SIZE);
  if (record.kind == LOG_BOOT) {
    boot_address = record.value;
  } else {
    owner_take(&record);
  }
}

static void read_stretch(uint32_t from)
{
  uint8_t word[PORT_LOG_WORD_SIZE];
  for (uint32_t i = from; i < from + STRETCH; i += 1) {
    const int result = port_log_read(i, word);
    if (result >= 0 && slot_blank(word, sizeof word)) {
      continue;
    }
    next = i + 1;
    if (result >= 0 && word_valid(word)) {
      take(word);
    }
  }
}

void log_read(void)
{
  boot_address = BOARD_APPLICATION_ADDRESS;
  next = 0;
  owner_start();
  intact = port_log_start() >= 0;
  if (!intact) {
    next = PORT_LOG_WORDS; /* nothing is appended to it either */
    owner_unknown();
    return;
  }
  for (uint32_t i = 0; i < PORT_LOG_WORDS; i += STRETCH) {
    if (!port_log_blank(i, STRETCH)) {
      read_stretch(i);
    }
  }
}

bool log_intact(void)
{
  return intact;
}

uint32_t log_boot_address(void)
{
  return boot_address;
}

uint32_t log_free(void)
{
  return PORT_LOG_WORDS - next;
}

bool log_raw_allowed(const uint8_t word[PORT_LOG_WORD_SIZE])
{
  return !word_valid(word) && !slot_blank(word, PORT_LOG_WORD_SIZE);
}

int log_append_raw(const uint8_t word[PORT_LOG_WORD_SIZE])
{
  uint8_t found[PORT_LOG_WORD_SIZE];
  if (log_free() == 0) {
    return LOG_ERROR_FULL;
  }
  const uint32_t index = next;
  next += 1;
  const int result = port_log_program(index, word);
  /* Reading back decides. */
  if (port_log_read(index, found) >= 0 && memcmp(found, word, sizeof found) == 0) {
    return (int)index;
  }
  return result < 0 ? result : PORT_ERROR_LOG;
}

void log_encode(const struct log_record *record, uint8_t word[PORT_LOG_WORD_SIZE])
{
  store_u32(word, record->kind);
  store_u32(word + 4, record->value);
  memcpy(word + KEY_OFFSET, record->key, LOG_KEY_SIZE);
  store_u32(word + CHECK_OFFSET, CHECK);
  store_u32(word + CRC_OFFSET, port_crc32(word, CRC_OFFSET));
}

int log_append(const struct log_record *record)
{
  uint8_t word[PORT_LOG_WORD_SIZE];
  log_encode(record, word);
  return log_append_raw(word);
}

int log_store_boot_address(uint32_t address)
{
  if (address == boot_address) {
    return PORT_OK;
  }
  const int result = log_append(&(struct log_record){ .kind = LOG_BOOT, .value = address });
  if (result < 0) {
    return result;
  }
  boot_address = address;
  return PORT_OK;
}
