#include "torture.h"

struct fields { uint32_t a : 3; int32_t b : 5; uint32_t c : 11; int32_t d : 13; };

static uint32_t swap(uint32_t v) { return v << 24 | (v & 0xff00) << 8 | (v >> 8 & 0xff00) | v >> 24; }

static int16_t clamp16(int32_t v) { return (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : v); }

void bits(void)
{
  struct fields f = { 0 };
  for (int i = 0; i < 500; i++) {
    uint32_t v = next();
    uint32_t w = next() & 31;
    f.a = v;
    f.b = (int32_t)(v >> 3);
    f.c += v >> 8;
    f.d -= (int32_t)(v >> 19);
    record(f.a);
    record((uint32_t)f.b);
    record(f.c);
    record((uint32_t)f.d);
    record(swap(v));
    record(v << w | v >> ((32 - w) & 31));
    record(v == 0 ? 32 : (uint32_t)__builtin_clz(v));
    record(v == 0 ? 32 : (uint32_t)__builtin_ctz(v));
    record((uint32_t)__builtin_popcount(v));
    record((uint16_t)(v >> 8) ^ (uint32_t)(int16_t)v);
    record((uint32_t)clamp16((int16_t)v * 3) + (uint32_t)clamp16((int16_t)(v >> 16) + (int16_t)v));
    record((v & ~(0xffu << (w & 23))) | (w << (w & 23)));
  }
}
