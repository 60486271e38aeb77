/* Much distinct code: 256 functions of two kinds, more than 128 KiB, called in an order that looks random. */
#include "bench.h"

enum { FUNCTIONS = 256, CELLS = 64, CALLS = 10000 };

static uint32_t cells[CELLS];

/* Constants that differ from function to function, so that no two are the same code. */
#define K(n, i) ((uint32_t)((n) * 2654435761u + (i) * 40503u))
#define AT(x) cells[(x) & (CELLS - 1)]

#define BRANCHES(n, i)                                                                                                 \
    if ((x & K(n, i)) > (y | (i)))                                                                                     \
        x = (x ^ K(n, i + 1)) + AT(y >> ((n + i) & 15));                                                               \
    else                                                                                                               \
    {                                                                                                                  \
        y += x >> ((n) % 7 + 1);                                                                                       \
        AT(x + (n)) ^= y;                                                                                              \
    }

#define STEPS(n, i)                                                                                                    \
    y = (y << ((n + i) % 13 + 1)) ^ x;                                                                                 \
    AT(y + (i)) = x + K(n, i);                                                                                         \
    x += AT(x >> ((n) % 9)) * (2 * (n) + 1);

#define A(n)                                                                                                           \
    static NOINLINE uint32_t f##n(uint32_t x)                                                                          \
    {                                                                                                                  \
        uint32_t y = K(n, 1);                                                                                          \
        BRANCHES(1##n, 2) BRANCHES(1##n, 3) STEPS(1##n, 4) BRANCHES(1##n, 5) STEPS(1##n, 6) BRANCHES(1##n, 7)          \
        STEPS(1##n, 8) BRANCHES(1##n, 9) STEPS(1##n, 10) BRANCHES(1##n, 11) BRANCHES(1##n, 12) STEPS(1##n, 13)         \
        return x ^ y;                                                                                                  \
    }

#define B(n)                                                                                                           \
    static NOINLINE uint32_t f##n(uint32_t x)                                                                          \
    {                                                                                                                  \
        uint32_t y = x ^ K(1##n, 1);                                                                                   \
        switch (x % 5)                                                                                                 \
        {                                                                                                              \
        case 0:                                                                                                        \
            STEPS(1##n, 2) STEPS(1##n, 3) BRANCHES(1##n, 4) break;                                                     \
        case 1:                                                                                                        \
            BRANCHES(1##n, 5) STEPS(1##n, 6) STEPS(1##n, 7) break;                                                     \
        case 2:                                                                                                        \
            STEPS(1##n, 8) BRANCHES(1##n, 9) BRANCHES(1##n, 10) break;                                                 \
        case 3:                                                                                                        \
            BRANCHES(1##n, 11) STEPS(1##n, 12) BRANCHES(1##n, 13) break;                                               \
        default:                                                                                                       \
            STEPS(1##n, 14) break;                                                                                     \
        }                                                                                                              \
        BRANCHES(1##n, 15) STEPS(1##n, 16) BRANCHES(1##n, 17)                                                          \
        return x + y;                                                                                                  \
    }

#define EIGHT(M, d) M(d##0) M(d##1) M(d##2) M(d##3) M(d##4) M(d##5) M(d##6) M(d##7)
#define MANY(M, d) EIGHT(M, d##0) EIGHT(M, d##1) EIGHT(M, d##2) EIGHT(M, d##3) EIGHT(M, d##4) EIGHT(M, d##5) EIGHT(M, d##6) EIGHT(M, d##7)
MANY(A, 1) MANY(B, 2) MANY(A, 3) MANY(B, 4)

#define NAME(n) f##n,
static uint32_t (*const functions[FUNCTIONS])(uint32_t) = {MANY(NAME, 1) MANY(NAME, 2) MANY(NAME, 3) MANY(NAME, 4)};

uint32_t round_of_work(void)
{
    uint32_t seed = 7, x = 1;
    for (int i = 0; i < CELLS; i++)
        cells[i] = next_random(&seed);
    for (int i = 0; i < CALLS; i++)
        x = functions[next_random(&seed) & (FUNCTIONS - 1)](x) + (uint32_t)i;
    for (int i = 0; i < CELLS; i++)
        x = x * 31 + cells[i];
    return x;
}
