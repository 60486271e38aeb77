#include "torture.h"
#include <stdarg.h>

typedef uint32_t (*operation)(uint32_t, uint32_t);
static uint32_t plus(uint32_t a, uint32_t b) { return a + b; }
static uint32_t minus(uint32_t a, uint32_t b) { return a - b; }
static uint32_t mix(uint32_t a, uint32_t b) { return (a ^ b) * 2654435761u; }
static operation volatile operations[] = { plus, minus, mix };

static uint32_t dense(uint32_t v)
{
  switch (v) {
  case 0: return 17;
  case 1: return v * 5;
  case 2: return ~v;
  case 3: return v << 9;
  case 4: case 5: return 99 - v;
  case 6: return dense(v - 3) + 1;
  case 7: return 0x80000000u;
  case 8: return v * v;
  case 9: return 1;
  case 10: return 0xabcdef;
  default: return v;
  }
}

static uint32_t sparse(uint32_t v)
{
  switch (v & 0xfff) {
  case 5: return 1;
  case 100: return 2;
  case 1000: return 3;
  case 4000: return 4;
  default: return 5;
  }
}

static uint32_t ackermann(uint32_t m, uint32_t n)
{
  if (m == 0) return n + 1;
  return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

static uint32_t many(uint32_t n, ...)
{
  va_list list;
  uint32_t sum = 0;
  va_start(list, n);
  for (uint32_t i = 0; i < n; i++)
    sum = sum * 7 + (i % 3 == 2 ? (uint32_t)va_arg(list, double) : i % 3 == 1 ? (uint32_t)(va_arg(list, uint64_t) >> 8) : va_arg(list, uint32_t));
  va_end(list);
  return sum;
}

/* A small machine: programs as bytes. */
static uint32_t interpret(const uint8_t *code, uint32_t length)
{
  static const void *const labels[] = { &&push, &&add, &&multiply, &&exchange, &&skip, &&halt };
  uint32_t stack[16] = { 0 };
  uint32_t top = 0, at = 0, steps = 0;
dispatch:
  if (at >= length || steps++ > 200) goto halt;
  goto *labels[code[at++] % 6];
push: stack[top = (top + 1) & 15] = at; goto dispatch;
add: stack[top] += stack[(top - 1) & 15]; goto dispatch;
multiply: stack[top] *= stack[(top - 1) & 15] | 1; goto dispatch;
exchange: { uint32_t t = stack[top]; stack[top] = stack[(top - 2) & 15]; stack[(top - 2) & 15] = t; goto dispatch; }
skip: if (stack[top] & 1) at += 2; goto dispatch;
halt: return stack[top] ^ top << 24 ^ at << 16;
}

void control(void)
{
  uint8_t code[64];
  for (uint32_t i = 0; i < 400; i++) {
    uint32_t v = next();
    record(dense(v % 13) + sparse(v) + operations[v % 3](v, i));
    record(many(6, v, (uint64_t)v << 20, (double)(v & 0xffff), i, (uint64_t)i, 1.5));
    for (uint32_t n = 0; n < sizeof code; n++) code[n] = (uint8_t)(next() >> 7);
    record(interpret(code, sizeof code));
    record(v > 1000 && (v & 1 || v % 3 == 0) ? v / 3 : v < 5 ? 1 : v ^ i);
  }
  record(ackermann(2, 9));
}
