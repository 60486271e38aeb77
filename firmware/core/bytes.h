/* Little-endian integers in byte arrays, and bounded readers and writers over them. */
#ifndef BYTES_H
#define BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t load_u16(const uint8_t *bytes)
{
  return (uint16_t)(bytes[0] | (unsigned)bytes[1] << 8);
}

static inline uint32_t load_u32(const uint8_t *bytes)
{
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline void store_u16(uint8_t *bytes, uint16_t value)
{
  bytes[0] = (uint8_t)value;
  bytes[1] = (uint8_t)(value >> 8);
}

static inline void store_u32(uint8_t *bytes, uint32_t value)
{
  store_u16(bytes, (uint16_t)value);
  store_u16(bytes + 2, (uint16_t)(value >> 16));
}

/* Reading beyond the end gives zeros and sets `short_of`, so that a caller checks once, at the end. */
struct reader {
  const uint8_t *next;
  size_t left;
  bool short_of;
};

static inline struct reader reader_of(const uint8_t *bytes, size_t size)
{
  return (struct reader){ .next = bytes, .left = size, .short_of = false };
}

/* The next `size` bytes, or NULL when there are not that many. */
static inline const uint8_t *read_bytes(struct reader *reader, size_t size)
{
  if (reader->left < size) {
    reader->short_of = true;
    reader->left = 0;
    return NULL;
  }
  const uint8_t *bytes = reader->next;
  reader->next += size;
  reader->left -= size;
  return bytes;
}

static inline uint8_t read_u8(struct reader *reader)
{
  const uint8_t *bytes = read_bytes(reader, 1);
  return bytes == NULL ? 0 : bytes[0];
}

static inline uint16_t read_u16(struct reader *reader)
{
  const uint8_t *bytes = read_bytes(reader, 2);
  return bytes == NULL ? 0 : load_u16(bytes);
}

static inline uint32_t read_u32(struct reader *reader)
{
  const uint8_t *bytes = read_bytes(reader, 4);
  return bytes == NULL ? 0 : load_u32(bytes);
}

#endif
