#include "log.h"

#include "board.h"
#include "bytes.h"
#include "port.h"

#define KIND_BOOT 0x544F4F42u /* "BOOT" */
#define CHECK 0x5A5A5A5Au
#define CHECK_OFFSET 24u
#define CRC_OFFSET 28u

static uint32_t boot_address;
static uint32_t next; /* the first word behind everything that is not blank */

static bool word_blank(const uint8_t *word)
{
  for (unsigned i = 0; i < PORT_LOG_WORD_SIZE; i += 4) {
    if (load_u32(word + i) != 0xFFFFFFFFu) {
      return false;
    }
  }
  return true;
}

static bool word_valid(const uint8_t *word)
{
  return load_u32(word + CHECK_OFFSET) == CHECK && load_u32(word + CRC_OFFSET) == port_crc32(word, CRC_OFFSET);
}

void log_read(void)
{
  uint8_t word[PORT_LOG_WORD_SIZE];
  boot_address = BOARD_APPLICATION_ADDRESS;
  next = 0;
  for (uint32_t i = 0; i < PORT_LOG_WORDS; i += 1) {
    const int result = port_log_read(i, word);
    if (result >= 0 && word_blank(word)) {
      continue;
    }
    next = i + 1;
    if (result >= 0 && word_valid(word) && load_u32(word) == KIND_BOOT) {
      boot_address = load_u32(word + 4);
    }
  }
}

uint32_t log_boot_address(void)
{
  return boot_address;
}

uint32_t log_free(void)
{
  return PORT_LOG_WORDS - next;
}

int log_store_boot_address(uint32_t address)
{
  uint8_t word[PORT_LOG_WORD_SIZE] = { 0 };
  uint8_t found[PORT_LOG_WORD_SIZE];
  if (address == boot_address) {
    return PORT_OK;
  }
  if (log_free() == 0) {
    return LOG_ERROR_FULL;
  }
  store_u32(word, KIND_BOOT);
  store_u32(word + 4, address);
  store_u32(word + CHECK_OFFSET, CHECK);
  store_u32(word + CRC_OFFSET, port_crc32(word, CRC_OFFSET));
  const uint32_t index = next;
  next += 1;
  if (port_log_program(index, word) < 0 || port_log_read(index, found) < 0 ||
      memcmp(found, word, sizeof found) != 0) {
    return PORT_ERROR_LOG;
  }
  boot_address = address;
  return PORT_OK;
}
