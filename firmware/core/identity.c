#include "identity.h"

#include "bytes.h"
#include "port.h"

#define LOG_END_SPARE 0x400u /* a log needs room for more than a handful of words */

/* CRC-32 over the image with the block's own field taken as 0. */
static uint32_t image_crc(uint8_t *image, uint32_t length)
{
  uint8_t *field = image + IDENTITY_OFFSET + IDENTITY_CRC_OFFSET;
  const uint32_t told = load_u32(field);
  store_u32(field, 0);
  const uint32_t crc = port_crc32(image, length);
  store_u32(field, told);
  return crc;
}

static bool vectors_plausible(const uint8_t *image, uint32_t length)
{
  const uint32_t reset = load_u32(image + 4);
  return load_u32(image) % 8u == 0 && (reset & 1u) != 0 && reset - IDENTITY_FLASH < length;
}

bool identity_read(uint8_t *image, uint32_t length, struct identity *identity)
{
  const uint8_t *block = image + IDENTITY_OFFSET;
  if (length < IDENTITY_OFFSET + IDENTITY_SIZE || length > PORT_SECTOR_IMAGE_MAX || length % 4u != 0 ||
      load_u32(block) != IDENTITY_MAGIC || load_u16(block + 4) != IDENTITY_FORMAT ||
      load_u16(block + 6) != IDENTITY_IMBOOTLOADER) {
    return false;
  }
  identity->version = load_u32(block + 8);
  identity->length = load_u32(block + 12);
  identity->log = load_u32(block + 16);
  identity->board = block + IDENTITY_SIZE - IDENTITY_BOARD_SIZE;
  const bool log_fits = identity->log >= length && identity->log % PORT_LOG_WORD_SIZE == 0 &&
                        identity->log <= IDENTITY_FLASH_SIZE - LOG_END_SPARE;
  return identity->length == length && log_fits && vectors_plausible(image, length) &&
         load_u32(block + IDENTITY_CRC_OFFSET) == image_crc(image, length);
}
