#include "torture.h"

static const float values[] = {
  0.0f, -0.0f, 1.0f, -1.0f, 0.5f, 3.1415927f, 1e-45f, 1.1754944e-38f, 1.17549421e-38f, 3.4028235e38f, 16777216.0f,
  16777217.0f, 2147483648.0f, 4294967040.0f, 1e10f, -1e-10f, 0.1f, 65504.0f, __builtin_inff(), -__builtin_inff(),
};
enum { COUNT = sizeof values / sizeof *values };

static uint32_t to_unsigned(float v) { return v >= 0.0f && v < 4294967296.0f ? (uint32_t)v : 0; }
static int32_t to_signed(float v) { return v > -2147483648.0f && v < 2147483648.0f ? (int32_t)v : 0; }

static void pair(float a, float b)
{
  record_float(a + b);
  record_float(a - b);
  record_float(a * b);
  if (!(b == 0.0f && a == 0.0f)) record_float(a / b);
  record_float(a * b + 1.0f);
  record_float(a - b * a);
  record((uint32_t)((a < b) | (a <= b) << 1 | (a == b) << 2 | (a > b) << 3 | (a != b) << 4));
  record(to_unsigned(a));
  record((uint32_t)to_signed(b));
  record_float((float)to_signed(a) + (float)to_unsigned(b));
}

static float series(float x)
{
  float sum = x, term = x;
  for (int n = 1; n < 12; n++) {
    term *= -x * x / (float)(2 * n * (2 * n + 1));
    sum += term;
  }
  return sum;
}

void singles(void)
{
  for (int i = 0; i < COUNT; i++)
    for (int k = 0; k < COUNT; k++) {
      /* What NaN comes out of an invalid operation is the library's choice in software. */
      float a = values[i], b = values[k];
      float sum = a + b, difference = a - b, product = a * b, quotient = a / b;
      if (sum == sum && difference == difference && product == product && quotient == quotient) pair(a, b);
    }
  for (int i = 0; i < 400; i++) {
    float a = (float)(int32_t)next() / (float)((next() & 0xffff) + 1);
    float b = (float)next() * 1e-5f;
    pair(a, b);
    record_float(series((float)(next() & 0xffff) / 16384.0f));
    record_float(__builtin_fabsf(a));
  }
  static float m[8][8], n[8][8];
  for (int i = 0; i < 64; i++) {
    m[i / 8][i % 8] = (float)(int32_t)next() * 1e-9f;
    n[i % 8][i / 8] = (float)(next() & 0xff) - 128.0f;
  }
  for (int i = 0; i < 8; i++)
    for (int k = 0; k < 8; k++) {
      float sum = 0.0f;
      for (int l = 0; l < 8; l++) sum += m[i][l] * n[l][k];
      record_float(sum);
    }
}
