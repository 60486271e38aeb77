/* What the bench's programs share. Each is a round() that computes the same from the same start, every time. */
#ifndef BENCH_H
#define BENCH_H
#include <stddef.h>
#include <stdint.h>

/* One round of about a million instructions. Returns a checksum of all that it computed. */
uint32_t round_of_work(void);

static inline uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

#define NOINLINE __attribute__((noinline))
#endif
