#include "torture.h"

static const int32_t corners[] = { 0, 1, -1, 2, 127, -128, 255, 32767, -32768, 65535, INT32_MAX, INT32_MIN, 46341 };
enum { CORNERS = sizeof corners / sizeof *corners };

static void pair(int32_t a, int32_t b)
{
  OPAQUE(a);
  OPAQUE(b);
  uint32_t ua = (uint32_t)a, ub = (uint32_t)b;
  record(ua + ub);
  record(ua - ub);
  record(ua * ub);
  record((uint32_t)(((int64_t)a * b) >> 32));
  record((uint32_t)(((uint64_t)ua * ub) >> 32));
  if (b != 0) {
    record(ua / ub);
    record(ua % ub);
    if (a != INT32_MIN || b != -1) {
      record((uint32_t)(a / b));
      record((uint32_t)(a % b));
    }
  }
  record((uint32_t)((a < b) | (ua < ub) << 1 | (a == b) << 2 | (a <= b) << 3 | (ua <= ub) << 4));
  record(ua << (ub & 31));
  record(ua >> (ub & 31));
  record((uint32_t)(a >> (ub & 31)));
  int32_t sum;
  record((uint32_t)__builtin_add_overflow(a, b, &sum) + ((uint32_t)__builtin_mul_overflow(a, b, &sum) << 1));
  record((uint32_t)sum);
}

static void narrow(int32_t a)
{
  record((uint32_t)(int8_t)a);
  record((uint8_t)a);
  record((uint32_t)(int16_t)a);
  record((uint16_t)a);
  record((uint32_t)(int8_t)((int8_t)a * 3 + (int16_t)a));
  record((uint32_t)(a / 7) + (uint32_t)(a / 10) * 3 + (uint32_t)(a % 1000) + (uint32_t)a / 3u + (uint32_t)a % 641u);
}

void integers(void)
{
  for (int i = 0; i < CORNERS; i++) {
    narrow(corners[i]);
    for (int k = 0; k < CORNERS; k++) pair(corners[i], corners[k]);
  }
  for (int i = 0; i < 300; i++) {
    pair((int32_t)next(), (int32_t)(next() >> (next() & 31)));
    narrow((int32_t)next());
  }
}
