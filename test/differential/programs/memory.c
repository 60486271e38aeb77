#include "torture.h"

struct __attribute__((packed)) packet { uint8_t kind; uint16_t length; uint32_t crc; uint64_t stamp; int16_t tail; };

static uint8_t area[1024];

static uint32_t sum_of(const uint8_t *from, uint32_t n)
{
  uint32_t sum = 0;
  for (uint32_t i = 0; i < n; i++) sum = sum * 31 + from[i];
  return sum;
}

static void move(uint8_t *to, const uint8_t *from, uint32_t n)
{
  if (to < from) for (uint32_t i = 0; i < n; i++) to[i] = from[i];
  else for (uint32_t i = n; i > 0; i--) to[i - 1] = from[i - 1];
}

void memory(void)
{
  for (uint32_t i = 0; i < sizeof area; i++) area[i] = (uint8_t)next();
  for (int round = 0; round < 100; round++) {
    struct packet *p = (struct packet *)(area + (next() & 511));
    p->length += p->kind;
    p->crc ^= (uint32_t)(p->stamp >> 17) + p->length;
    p->stamp *= 0x9e3779b97f4a7c15ull;
    p->tail = (int16_t)(p->tail - p->length);
    record(p->crc);
    record64(p->stamp);
    record((uint32_t)p->tail);
    uint32_t n = next() & 255;
    move(area + (next() & 511), area + (next() & 511), n);
    record(sum_of(area, sizeof area));
    uint32_t local[(next() & 15) + 1];
    uint32_t length = sizeof local / sizeof *local;
    for (uint32_t i = 0; i < length; i++) local[i] = next() ^ i;
    struct { uint32_t w[7]; } copy, other;
    for (uint32_t i = 0; i < 7; i++) copy.w[i] = local[i % length];
    other = copy;
    record(other.w[round % 7]);
  }
}
