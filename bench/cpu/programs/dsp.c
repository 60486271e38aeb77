/* Fixed-point signal processing: saturating and parallel arithmetic, in plain C on a core that has neither. */
#include "bench.h"

enum { SAMPLES = 512, TAPS = 16, STAGES = 4, SIDE = 16, PASSES = 4 };

#ifdef __ARM_FEATURE_DSP
#include <arm_acle.h>
#define dual_multiply_add(a, b, sum) __smlad(a, b, sum)
#define add_saturated(a, b) __qadd(a, b)
#define saturate16(x) __ssat(x, 16)
#define saturate8(x) __usat(x, 8)
#define add_halves(a, b) (uint32_t) __qadd16((int16x2_t)(a), (int16x2_t)(b))
#define average_bytes(a, b) __uhadd8(a, b)
#define differences(a, b, sum) __usada8(a, b, sum)
#define word_by_half(a, b) __smlawb(a, b, 0)

/* The larger of each two bytes. */
static inline uint32_t larger(uint32_t a, uint32_t b)
{
    __usub8(a, b);
    return __sel(a, b);
}
#else
static int32_t clamp(int64_t x, int64_t low, int64_t high) { return (int32_t)(x < low ? low : x > high ? high : x); }
static int32_t low(uint32_t x) { return (int16_t)x; }
static int32_t high(uint32_t x) { return (int32_t)x >> 16; }
static uint32_t byte(uint32_t x, int n) { return x >> (n * 8) & 0xFF; }

static int32_t dual_multiply_add(uint32_t a, uint32_t b, int32_t sum)
{
    return (int32_t)((uint32_t)(low(a) * low(b)) + (uint32_t)(high(a) * high(b)) + (uint32_t)sum);
}
static int32_t add_saturated(int32_t a, int32_t b) { return clamp((int64_t)a + b, INT32_MIN, INT32_MAX); }
static int32_t saturate16(int32_t x) { return clamp(x, -32768, 32767); }
static int32_t saturate8(int32_t x) { return clamp(x, 0, 255); }
static uint32_t add_halves(uint32_t a, uint32_t b)
{
    return (uint32_t)(saturate16(low(a) + low(b)) & 0xFFFF) | (uint32_t)saturate16(high(a) + high(b)) << 16;
}
static uint32_t average_bytes(uint32_t a, uint32_t b)
{
    uint32_t result = 0;
    for (int n = 0; n < 4; n++)
        result |= (byte(a, n) + byte(b, n)) / 2 << (n * 8);
    return result;
}
static uint32_t differences(uint32_t a, uint32_t b, uint32_t sum)
{
    for (int n = 0; n < 4; n++)
        sum += byte(a, n) > byte(b, n) ? byte(a, n) - byte(b, n) : byte(b, n) - byte(a, n);
    return sum;
}
static int32_t word_by_half(int32_t a, int32_t b) { return (int32_t)((int64_t)a * (int16_t)b >> 16); }
static uint32_t larger(uint32_t a, uint32_t b)
{
    uint32_t result = 0;
    for (int n = 0; n < 4; n++)
        result |= (byte(a, n) > byte(b, n) ? byte(a, n) : byte(b, n)) << (n * 8);
    return result;
}
#endif

static union
{
    int16_t halves[SAMPLES + 2 * TAPS];
    uint32_t words[SAMPLES / 2 + TAPS];
} in, out;
static uint32_t taps[TAPS];
static int32_t wide[SAMPLES];
static uint32_t frame[SIDE * SIDE], other[SIDE * SIDE];

static NOINLINE void fir(void)
{
    for (int n = 0; n < SAMPLES / 2; n++)
    {
        int32_t even = 0x4000, odd = 0x4000;
        for (int k = 0; k < TAPS; k++)
        {
            uint32_t first = in.words[n + k], second = in.words[n + k + 1];
            even = dual_multiply_add(first, taps[k], even);
            odd = dual_multiply_add(first >> 16 | second << 16, taps[k], odd);
        }
        out.halves[2 * n] = (int16_t)saturate16(even >> 15);
        out.halves[2 * n + 1] = (int16_t)saturate16(odd >> 15);
    }
}

static NOINLINE void biquads(void)
{
    for (int n = 0; n < STAGES; n++)
    {
        int32_t last = 0, before = 0;
        for (int k = 0; k < SAMPLES; k++)
        {
            int32_t y = add_saturated(wide[k], word_by_half(last, 14000));
            y = add_saturated(y, -word_by_half(before, 9000));
            before = last;
            last = add_saturated(y, y >> 2);
            wide[k] = last;
        }
    }
}

/* The frame blurred and brightened; the best match of its rows in another one. */
static NOINLINE uint32_t pictures(void)
{
    uint32_t sum = 0;
    for (int n = 0; n < SIDE * SIDE - 1; n++)
        frame[n] = larger(average_bytes(frame[n], frame[n + 1]), other[n] & 0x3F3F3F3F);
    for (int row = 0; row < SIDE; row++)
    {
        uint32_t best = UINT32_MAX;
        for (int at = 0; at < SIDE; at++)
        {
            uint32_t difference = 0;
            for (int n = 0; n < SIDE; n++)
                difference = differences(frame[row * SIDE + n], other[at * SIDE + n], difference);
            if (difference < best)
                best = difference;
        }
        sum = sum * 31 + best;
    }
    return sum;
}

static NOINLINE uint32_t mixed(void)
{
    uint32_t sum = 0;
    for (int n = 0; n < SAMPLES / 2; n++)
    {
        out.words[n] = add_halves(out.words[n], in.words[n]);
        int32_t level = out.halves[2 * n] >> 6;
        sum = sum * 31 + out.words[n] + (uint32_t)saturate8(level);
    }
    return sum;
}

uint32_t round_of_work(void)
{
    uint32_t seed = 3, sum = 0;
    for (int n = 0; n < SAMPLES / 2 + TAPS; n++)
        in.words[n] = next_random(&seed) << 8 ^ next_random(&seed);
    for (int n = 0; n < TAPS; n++)
        taps[n] = (next_random(&seed) << 8 ^ next_random(&seed)) & 0xF0FFF0FF;
    for (int n = 0; n < SIDE * SIDE; n++)
    {
        frame[n] = next_random(&seed) << 8;
        other[n] = next_random(&seed) * 257;
    }
    for (int pass = 0; pass < PASSES; pass++)
    {
        fir();
        for (int n = 0; n < SAMPLES; n++)
            wide[n] = out.halves[n] * 40000;
        biquads();
        sum += pictures() ^ mixed();
        for (int n = 0; n < SAMPLES; n++)
            sum = sum * 31 + (uint32_t)wide[n];
    }
    return sum;
}
