#include "torture.h"

enum { RECORDS = 100000 };
static uint32_t records[RECORDS];
static uint32_t count;
static uint32_t state;

void record(uint32_t value)
{
  if (count < RECORDS) records[count++] = value;
}

void record64(uint64_t value)
{
  record((uint32_t)value);
  record((uint32_t)(value >> 32));
}

void record_float(float value)
{
  union { float f; uint32_t u; } both = { .f = value };
  record(both.u);
}

void record_double(double value)
{
  union { double d; uint64_t u; } both = { .d = value };
  record64(both.u);
}

void seed(uint32_t value) { state = value | 1; }

uint32_t next(void)
{
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

/* GCC may call these for copies and initialisers. */
void *memcpy(void *to, const void *from, size_t n)
{
  unsigned char *t = to;
  const unsigned char *f = from;
  while (n-- > 0) { *t++ = *f++; __asm__ volatile(""); }
  return to;
}

void *memset(void *to, int value, size_t n)
{
  unsigned char *t = to;
  while (n-- > 0) { *t++ = (unsigned char)value; __asm__ volatile(""); }
  return to;
}

static uint32_t semihost(uint32_t operation, const void *block)
{
  register uint32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = block;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

int main(void)
{
  static void (*const programs[])(void) = {
    integers, wide, bits, memory, control, singles, doubles, sorting, hashing,
  };
  for (uint32_t n = 0; n < sizeof programs / sizeof *programs; n++) {
    seed(0x1234567u * (n + 1));
    record(0xbe910000u + n);
    programs[n]();
  }
  static const char name[] = "result.bin";
  const struct { const char *name; uint32_t mode, length; } open = { name, 5, sizeof name - 1 };
  const struct { uint32_t file; const void *from; uint32_t bytes; } write = {
    semihost(1, &open), records, count * 4,
  };
  (void)semihost(5, &write);
  return 0;
}
