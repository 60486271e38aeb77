/* A tiny harness: one line "ok N name" or "not ok N name" for each test, notes for people as "# ...". */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdint.h>

void tap_test(const char *name, void (*test)(void));
bool tap_check(bool holds, const char *what, const char *file, int line);
bool tap_equal(uint64_t found, uint64_t expected, const char *what, const char *file, int line);
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
int tap_done(void); /* exit code */

#define CHECK(holds) tap_check((holds), #holds, __FILE__, __LINE__)
#define EQUAL(found, expected) tap_equal((uint64_t)(found), (uint64_t)(expected), #found, __FILE__, __LINE__)

/* A generator of its own, so that a seed gives the same run everywhere. */
struct random {
  uint64_t state;
};
uint32_t random_next(struct random *random);
uint32_t random_below(struct random *random, uint32_t limit);

/* The seed of this run: TEST_SEED from the environment, or the time; printed by every test that uses it. */
uint64_t tap_seed(void);

#endif
