/* What the compiler itself calls. Built without the optimisation that would turn these loops into calls of themselves. */
#include <string.h>

#include "stm32h750.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
  uint8_t *target = to;
  const uint8_t *source = from;
  while (size >= 16u) {
    uint32_t a = __UNALIGNED_UINT32_READ(source);
    uint32_t b = __UNALIGNED_UINT32_READ(source + 4);
    uint32_t c = __UNALIGNED_UINT32_READ(source + 8);
    uint32_t d = __UNALIGNED_UINT32_READ(source + 12);
    __UNALIGNED_UINT32_WRITE(target, a);
    __UNALIGNED_UINT32_WRITE(target + 4, b);
    __UNALIGNED_UINT32_WRITE(target + 8, c);
    __UNALIGNED_UINT32_WRITE(target + 12, d);
    target += 16;
    source += 16;
    size -= 16u;
  }
  while (size >= 4u) {
    __UNALIGNED_UINT32_WRITE(target, __UNALIGNED_UINT32_READ(source));
    target += 4;
    source += 4;
    size -= 4u;
  }
  for (size_t i = 0; i < size; i += 1u) {
    target[i] = source[i];
  }
  return to;
}

void *memmove(void *to, const void *from, size_t size)
{
  uint8_t *target = to;
  const uint8_t *source = from;
  if (target <= source || target >= source + size) {
    return memcpy(to, from, size);
  }
  for (size_t i = size; i > 0; i -= 1u) {
    target[i - 1u] = source[i - 1u];
  }
  return to;
}

void *memset(void *to, int value, size_t size)
{
  uint8_t *target = to;
  uint32_t word = (uint8_t)value * 0x01010101u;
  while (size >= 4u) {
    __UNALIGNED_UINT32_WRITE(target, word);
    target += 4;
    size -= 4u;
  }
  for (size_t i = 0; i < size; i += 1u) {
    target[i] = (uint8_t)value;
  }
  return to;
}

int memcmp(const void *left, const void *right, size_t size)
{
  const uint8_t *a = left;
  const uint8_t *b = right;
  while (size >= 4u && __UNALIGNED_UINT32_READ(a) == __UNALIGNED_UINT32_READ(b)) {
    a += 4;
    b += 4;
    size -= 4u;
  }
  for (size_t i = 0; i < size; i += 1u) {
    if (a[i] != b[i]) {
      return a[i] < b[i] ? -1 : 1;
    }
  }
  return 0;
}

void *memchr(const void *bytes, int value, size_t size)
{
  const uint8_t *at = bytes;
  for (size_t i = 0; i < size; i += 1u) {
    if (at[i] == (uint8_t)value) {
      return (void *)(uintptr_t)(at + i);
    }
  }
  return NULL;
}

size_t strlen(const char *text)
{
  size_t length = 0;
  while (text[length] != '\0') {
    length += 1u;
  }
  return length;
}
