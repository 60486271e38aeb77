#include "torture.h"

static uint32_t crc32(const uint8_t *from, uint32_t n)
{
  uint32_t crc = ~0u;
  for (uint32_t i = 0; i < n; i++) {
    crc ^= from[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xedb88320u & (uint32_t)-(int32_t)(crc & 1));
  }
  return ~crc;
}

static uint32_t rotate(uint32_t v, int by) { return v << by | v >> (32 - by); }

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
  *a += *b; *d = rotate(*d ^ *a, 16);
  *c += *d; *b = rotate(*b ^ *c, 12);
  *a += *b; *d = rotate(*d ^ *a, 8);
  *c += *d; *b = rotate(*b ^ *c, 7);
}

void hashing(void)
{
  static uint8_t block[512];
  uint32_t s[16];
  for (uint32_t i = 0; i < sizeof block; i++) block[i] = (uint8_t)next();
  for (int round = 0; round < 20; round++) {
    record(crc32(block + round, sizeof block - 32));
    for (int i = 0; i < 16; i++) s[i] = next();
    for (int i = 0; i < 10; i++) {
      quarter(&s[0], &s[4], &s[8], &s[12]);
      quarter(&s[1], &s[5], &s[9], &s[13]);
      quarter(&s[2], &s[6], &s[10], &s[14]);
      quarter(&s[3], &s[7], &s[11], &s[15]);
    }
    for (int i = 0; i < 16; i++) record(s[i]);
    uint64_t fnv = 0xcbf29ce484222325ull;
    for (uint32_t i = 0; i < sizeof block; i++) fnv = (fnv ^ block[i]) * 0x100000001b3ull;
    record64(fnv);
  }
}
