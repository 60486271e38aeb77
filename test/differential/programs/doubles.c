#include "torture.h"

static const double values[] = {
  0.0, -0.0, 1.0, -1.0, 0.5, 3.14159265358979, 4.9e-324, 2.2250738585072014e-308, 2.225073858507201e-308,
  1.7976931348623157e308, 9007199254740993.0, 2147483648.5, 4294967295.9, 1e100, -1e-100, 0.1, 1e39, 3.4028235677973366e38,
  1.401298464324817e-45, __builtin_inf(),
};
enum { COUNT = sizeof values / sizeof *values };

static void convert(double v)
{
  if (v > -9e18 && v < 9e18) record64((uint64_t)(int64_t)v);
  if (v >= 0.0 && v < 1.8e19) record64((uint64_t)v);
  if (v > -2147483648.0 && v < 2147483648.0) record((uint32_t)(int32_t)v);
  record_float((float)v);
}

static void pair(double a, double b)
{
  record_double(a + b);
  record_double(a - b);
  record_double(a * b);
  record_double(a / b);
  record_double(a * b - a);
  record((uint32_t)((a < b) | (a <= b) << 1 | (a == b) << 2 | (a > b) << 3));
  convert(a);
}

static double root(double v)
{
  double guess = v > 1.0 ? v / 2.0 : 1.0;
  for (int n = 0; n < 30; n++) guess = (guess + v / guess) / 2.0;
  return guess;
}

void doubles(void)
{
  for (int i = 0; i < COUNT; i++)
    for (int k = 0; k < COUNT; k++) {
      double a = values[i], b = values[k];
      double sum = a + b, difference = a - b, product = a * b, quotient = a / b;
      if (sum == sum && difference == difference && product == product && quotient == quotient
          && product - a == product - a) pair(a, b);
    }
  for (int i = 0; i < 300; i++) {
    double a = (double)(int64_t)((uint64_t)next() << 32 | next()) / (double)(next() | 1);
    double b = (double)next() * 1e-7 + (double)(float)next();
    pair(a, b);
    record_double(root(b));
    record_double((double)(uint64_t)((uint64_t)next() << 21 | next()) + (double)(int32_t)next());
  }
}
