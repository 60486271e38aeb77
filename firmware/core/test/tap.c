#include "tap.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FAILURES_SHOWN 10

static int tests;
static int failed;
static int failures; /* of the test that runs */

void tap_note(const char *format, ...)
{
  va_list values;
  va_start(values, format);
  printf("# ");
  vprintf(format, values);
  printf("\n");
  va_end(values);
}

bool tap_check(bool holds, const char *what, const char *file, int line)
{
  if (!holds) {
    failures += 1;
    if (failures <= FAILURES_SHOWN) {
      tap_note("%s:%d: %s does not hold", file, line, what);
    }
  }
  return holds;
}

bool tap_equal(uint64_t found, uint64_t expected, const char *what, const char *file, int line)
{
  if (found != expected) {
    failures += 1;
    if (failures <= FAILURES_SHOWN) {
      tap_note("%s:%d: %s is 0x%" PRIx64 ", expected 0x%" PRIx64, file, line, what, found, expected);
    }
  }
  return found == expected;
}

void tap_test(const char *name, void (*test)(void))
{
  failures = 0;
  tests += 1;
  test();
  if (failures > 0) {
    failed += 1;
  }
  printf("%s %d %s\n", failures == 0 ? "ok" : "not ok", tests, name);
  fflush(stdout);
}

int tap_done(void)
{
  printf("1..%d\n", tests);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* xorshift64*, Marsaglia 2003 and Vigna 2014. */
uint32_t random_next(struct random *random)
{
  random->state ^= random->state >> 12;
  random->state ^= random->state << 25;
  random->state ^= random->state >> 27;
  return (uint32_t)((random->state * 0x2545F4914F6CDD1Du) >> 32);
}

uint32_t random_below(struct random *random, uint32_t limit)
{
  return random_next(random) % limit;
}

uint64_t tap_seed(void)
{
  static uint64_t seed;
  if (seed == 0) {
    const char *text = getenv("TEST_SEED");
    seed = text != NULL ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);
    seed = seed == 0 ? 1 : seed;
  }
  tap_note("seed %" PRIu64 " (TEST_SEED=%" PRIu64 " repeats it)", seed, seed);
  return seed;
}
