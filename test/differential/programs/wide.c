#include "torture.h"

static uint64_t draw(void) { return ((uint64_t)next() << 32 | next()) >> (next() & 63); }

static void pair(uint64_t a, uint64_t b)
{
  record64(a + b);
  record64(a - b);
  record64(a * b);
  record64(a << (b & 63));
  record64(a >> (b & 63));
  record64((uint64_t)((int64_t)a >> (b & 63)));
  record((uint32_t)((a < b) | ((int64_t)a < (int64_t)b) << 1 | (a == b) << 2));
  if (b != 0) {
    record64(a / b);
    record64(a % b);
    if (!((int64_t)a == INT64_MIN && (int64_t)b == -1)) {
      record64((uint64_t)((int64_t)a / (int64_t)b));
      record64((uint64_t)((int64_t)a % (int64_t)b));
    }
  }
}

void wide(void)
{
  static const uint64_t corners[] = { 0, 1, ~0ull, 1ull << 63, (1ull << 63) - 1, 1ull << 32, 0xffffffffull, 10 };
  for (unsigned i = 0; i < 8; i++)
    for (unsigned k = 0; k < 8; k++) pair(corners[i], corners[k]);
  for (int i = 0; i < 300; i++) pair(draw(), draw());
}
