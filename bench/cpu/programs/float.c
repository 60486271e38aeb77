/*
 * Floating point as a flight controller has it: filters, matrices, attitude, PID, in single precision; some
 * navigation in double. Multiplications and additions are fused where the source says so and nowhere else, so that a core
 * without a floating-point unit computes the same bits.
 */
#include "bench.h"

enum { TAPS = 32, SAMPLES = 160, STAGES = 4, STATES = 6, STEPS = 40 };

static inline float fused(float a, float b, float c)
{
#ifdef __ARM_FEATURE_FMA
    return __builtin_fmaf(a, b, c);
#else
    return (float)((double)a * (double)b + (double)c);
#endif
}

/* Of a positive number that is not tiny: the same bits with and without an instruction for it. */
static inline float square_root(float x)
{
#if defined __ARM_FP
    return __builtin_sqrtf(x);
#else
    union { float value; uint32_t bits; } guess = {x};
    guess.bits = (guess.bits >> 1) + 0x1FC00000u;
    double root = guess.value;
    for (int n = 0; n < 5; n++)
        root = 0.5 * (root + x / root);
    return (float)root;
#endif
}

static inline float absolute(float x) { return x < 0 ? -x : x; }
static inline float limited(float x, float limit) { return x > limit ? limit : x < -limit ? -limit : x; }

static uint32_t bits_of(float x)
{
    union { float value; uint32_t bits; } of = {x};
    return of.bits;
}

static float taps[TAPS], history[TAPS], signal[SAMPLES];
static float stages[STAGES][7];
static float p[STATES][STATES], f[STATES][STATES], product[STATES][STATES];

/* -1 to 1 */
static float noise(uint32_t *seed) { return (float)((int32_t)next_random(seed) - 0x800000) * 0x1p-23f; }

static NOINLINE float fir(float sample)
{
    for (int n = TAPS - 1; n > 0; n--)
        history[n] = history[n - 1];
    history[0] = sample;
    float sum = 0;
    for (int n = 0; n < TAPS; n++)
        sum = fused(taps[n], history[n], sum);
    return sum;
}

static NOINLINE float biquads(float x)
{
    for (int n = 0; n < STAGES; n++)
    {
        float *s = stages[n];
        float y = fused(s[0], x, s[5]);
        s[5] = s[1] * x - s[3] * y + s[6];
        s[6] = s[2] * x - s[4] * y;
        x = y;
    }
    return x;
}

static NOINLINE void multiply(float to[STATES][STATES], float a[STATES][STATES], float b[STATES][STATES])
{
    for (int i = 0; i < STATES; i++)
        for (int j = 0; j < STATES; j++)
        {
            float sum = 0;
            for (int k = 0; k < STATES; k++)
                sum = fused(a[i][k], b[k][j], sum);
            to[i][j] = sum;
        }
}

/* In place, by Gauss and Jordan with the largest pivot. Returns the determinant's magnitude. */
static NOINLINE float invert(float m[STATES][STATES])
{
    float determinant = 1;
    int swapped[STATES];
    for (int column = 0; column < STATES; column++)
    {
        int best = column;
        for (int row = column + 1; row < STATES; row++)
            if (absolute(m[row][column]) > absolute(m[best][column]))
                best = row;
        swapped[column] = best;
        for (int k = 0; best != column && k < STATES; k++)
        {
            float kept = m[best][k];
            m[best][k] = m[column][k];
            m[column][k] = kept;
        }
        float pivot = m[column][column];
        determinant *= absolute(pivot);
        float reciprocal = 1 / pivot;
        m[column][column] = 1;
        for (int k = 0; k < STATES; k++)
            m[column][k] *= reciprocal;
        for (int row = 0; row < STATES; row++)
        {
            if (row == column)
                continue;
            float factor = m[row][column];
            m[row][column] = 0;
            for (int k = 0; k < STATES; k++)
                m[row][k] -= factor * m[column][k];
        }
    }
    for (int column = STATES - 1; column >= 0; column--)
        for (int row = 0; swapped[column] != column && row < STATES; row++)
        {
            float kept = m[row][column];
            m[row][column] = m[row][swapped[column]];
            m[row][swapped[column]] = kept;
        }
    return determinant;
}

struct quaternion
{
    float w, x, y, z;
};

static float sine(float turns)
{
    float rest = turns - (float)(int32_t)turns;
    float x = rest * 6.2831853f;
    float s = x * x;
    return x * fused(s, fused(s, fused(s, -1.98413e-4f, 8.333333e-3f), -0.16666667f), 1.0f);
}

/* Complementary filter: a gyroscope turns the attitude, an accelerometer pulls it upright. */
static NOINLINE void attitude(struct quaternion *q, const float gyro[3], const float acceleration[3])
{
    float norm = square_root(acceleration[0] * acceleration[0] + acceleration[1] * acceleration[1] +
                             acceleration[2] * acceleration[2] + 1e-6f);
    float up[3] = {2 * (q->x * q->z - q->w * q->y), 2 * (q->w * q->x + q->y * q->z),
                   q->w * q->w - q->x * q->x - q->y * q->y + q->z * q->z};
    float a[3], rate[3];
    for (int n = 0; n < 3; n++)
        a[n] = acceleration[n] / norm;
    for (int n = 0; n < 3; n++)
    {
        int next = n == 2 ? 0 : n + 1, last = n == 0 ? 2 : n - 1;
        rate[n] = (gyro[n] + 0.5f * (a[next] * up[last] - a[last] * up[next])) * 0.0005f;
    }
    struct quaternion old = {q->w, q->x, q->y, q->z};
    float w = old.w - old.x * rate[0] - old.y * rate[1] - old.z * rate[2];
    float x = old.x + old.w * rate[0] + old.y * rate[2] - old.z * rate[1];
    float y = old.y + old.w * rate[1] - old.x * rate[2] + old.z * rate[0];
    float z = old.z + old.w * rate[2] + old.x * rate[1] - old.y * rate[0];
    float length = 1 / square_root(w * w + x * x + y * y + z * z);
    q->w = w * length;
    q->x = x * length;
    q->y = y * length;
    q->z = z * length;
}

struct pid
{
    float integral, last, filtered;
};

static NOINLINE float control(struct pid *c, float wanted, float is)
{
    float error = wanted - is;
    c->integral = limited(c->integral + error * 0.02f, 0.4f);
    c->filtered = fused(error - c->last, 0.3f, 0.7f * c->filtered);
    c->last = error;
    float output = fused(1.7f, error, c->integral + 0.05f * c->filtered);
    int32_t motor = (int32_t)((limited(output, 1) + 1) * 1000.0f);
    return (float)(uint32_t)motor * 0.001f - 1;
}

/* Distance travelled over ground, in double precision. */
static NOINLINE double navigate(double latitude, double longitude, double heading)
{
    double x = 0;
    for (int n = 0; n < STEPS; n++)
    {
        double s = latitude * latitude;
        double cosine = 1 - s * (0.5 - s * (4.1666666666e-2 - s * 1.388888e-3));
        latitude += 1e-5 * heading / (1 + x);
        longitude += 1e-5 * (1 - heading * heading) / cosine;
        x += latitude * 1e-3 + longitude * 1e-4;
    }
    return x;
}

static NOINLINE void prepare(uint32_t *seed)
{
    for (int n = 0; n < TAPS; n++)
    {
        taps[n] = noise(seed) * 0.1f;
        history[n] = 0;
    }
    for (int n = 0; n < STAGES; n++)
    {
        const float stage[7] = {0.2f, 0.4f, 0.2f, -0.35f + 0.02f * (float)n, 0.15f, 0, 0};
        for (int k = 0; k < 7; k++)
            stages[n][k] = stage[k];
    }
    for (int i = 0; i < STATES; i++)
        for (int j = 0; j < STATES; j++)
        {
            p[i][j] = noise(seed) + (i == j ? 4.0f : 0);
            f[i][j] = noise(seed) * 0.2f + (i == j ? 0.9f : 0);
        }
}

uint32_t round_of_work(void)
{
    uint32_t seed = 7, sum = 0;
    struct quaternion q = {1, 0, 0, 0};
    struct pid axes[3] = {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}};
    prepare(&seed);
    for (int n = 0; n < SAMPLES; n++)
    {
        signal[n] = biquads(fir(sine((float)n * 0.03f) + 0.1f * noise(&seed)));
        const float gyro[3] = {signal[n], signal[n] * 0.5f, noise(&seed)};
        const float acceleration[3] = {noise(&seed) * 0.1f, signal[n] * 0.2f, 0.98f};
        for (int k = 0; k < 8; k++)
            attitude(&q, gyro, acceleration);
        for (int axis = 0; axis < 3; axis++)
            sum = sum * 31 + bits_of(control(&axes[axis], 0.1f, gyro[axis] * q.w));
        if ((n & 15) == 0)
        {
            multiply(product, f, p);
            multiply(p, product, f);
            sum ^= bits_of(invert(p));
        }
        if ((n & 7) == 0)
            sum += (uint32_t)(navigate(0.8 + n * 1e-3, 0.2, (double)q.z) * 1e6);
    }
    return sum ^ bits_of(q.w) ^ bits_of(q.x);
}
