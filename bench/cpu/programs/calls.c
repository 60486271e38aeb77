/* Calls: recursion, calls through pointers, small functions that the compiler must not inline, a sort by callback. */
#include "bench.h"

enum { KEYS = 400, TREE = 255 };

typedef uint32_t (*operation)(uint32_t, uint32_t);

struct branch
{
    struct branch *left, *right;
    uint32_t key;
};

static uint32_t keys[KEYS];
static struct branch tree[TREE];

static NOINLINE uint32_t add(uint32_t x, uint32_t y) { return x + y; }
static NOINLINE uint32_t mix(uint32_t x, uint32_t y) { return (x << 5 | x >> 27) ^ y; }
static NOINLINE uint32_t scale(uint32_t x, uint32_t y) { return x * (y | 1); }
static NOINLINE uint32_t twice(uint32_t x, uint32_t y) { return add(add(x, y), mix(x, y)); }
static const operation OPERATIONS[] = {add, mix, scale, twice};

static NOINLINE uint32_t fibonacci(uint32_t n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static NOINLINE uint32_t hanoi(uint32_t discs, uint32_t from, uint32_t to, uint32_t by)
{
    if (discs == 0)
        return from;
    return hanoi(discs - 1, from, by, to) + mix(from, to) + hanoi(discs - 1, by, to, from);
}

static NOINLINE int ascending(uint32_t x, uint32_t y) { return x < y ? -1 : x > y; }
static NOINLINE int by_low_half(uint32_t x, uint32_t y) { return (int)(x & 0xFFFF) - (int)(y & 0xFFFF); }

static NOINLINE void exchange(uint32_t *x, uint32_t *y)
{
    uint32_t kept = *x;
    *x = *y;
    *y = kept;
}

static NOINLINE void sort(uint32_t *from, uint32_t *to, int (*compare)(uint32_t, uint32_t))
{
    if (to - from < 2)
        return;
    uint32_t pivot = from[(to - from) / 2];
    uint32_t *low = from, *high = to - 1;
    while (low <= high)
    {
        while (compare(*low, pivot) < 0)
            low++;
        while (compare(*high, pivot) > 0)
            high--;
        if (low <= high)
            exchange(low++, high--);
    }
    sort(from, high + 1, compare);
    sort(low, to, compare);
}

static NOINLINE struct branch *insert(struct branch *root, struct branch *leaf)
{
    if (root == NULL)
        return leaf;
    if (leaf->key < root->key)
        root->left = insert(root->left, leaf);
    else
        root->right = insert(root->right, leaf);
    return root;
}

static NOINLINE uint32_t walk(const struct branch *root, uint32_t depth)
{
    if (root == NULL)
        return depth;
    return walk(root->left, depth + 1) * 3 + mix(root->key, depth) + walk(root->right, depth + 1);
}

uint32_t round_of_work(void)
{
    uint32_t seed = 1, sum = fibonacci(20) + hanoi(13, 1, 2, 3);
    for (uint32_t i = 0; i < 20000; i++)
        sum = OPERATIONS[next_random(&seed) & 3](sum, i);
    for (int pass = 0; pass < 2; pass++)
    {
        for (size_t i = 0; i < KEYS; i++)
            keys[i] = next_random(&seed);
        sort(keys, keys + KEYS, pass == 0 ? ascending : by_low_half);
        sum = mix(sum, keys[KEYS / 3]);
    }
    struct branch *root = NULL;
    for (size_t i = 0; i < TREE; i++)
    {
        tree[i] = (struct branch){NULL, NULL, next_random(&seed)};
        root = insert(root, &tree[i]);
    }
    return sum + walk(root, 0);
}
