/* CRC, matrix, lists and a state machine: loops as drivers and applications have them. */
#include "bench.h"

enum { BYTES = 8192, SIDE = 20, NODES = 400, PASSES = 3 };

struct node
{
    struct node *next;
    uint32_t key;
};

static uint8_t buffer[BYTES];
static uint32_t table[256];
static int32_t a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
static struct node nodes[NODES];

static NOINLINE void fill(uint32_t seed)
{
    for (size_t i = 0; i < BYTES; i++)
        buffer[i] = (uint8_t)next_random(&seed);
}

static NOINLINE void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++)
    {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
            value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320u : value >> 1;
        table[i] = value;
    }
}

static NOINLINE uint32_t crc(void)
{
    uint32_t value = 0xFFFFFFFFu;
    for (size_t i = 0; i < BYTES; i++)
        value = table[(value ^ buffer[i]) & 0xFF] ^ (value >> 8);
    return ~value;
}

static NOINLINE uint32_t matrix(uint32_t seed)
{
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
        {
            a[i][j] = (int32_t)(next_random(&seed) & 0xFFFF);
            b[i][j] = (int32_t)(next_random(&seed) & 0xFFFF);
        }
    uint32_t sum = 0;
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
        {
            int32_t cell = 0;
            for (int k = 0; k < SIDE; k++)
                cell += a[i][k] * b[k][j];
            c[i][j] = cell;
            sum = (sum << 1 | sum >> 31) ^ (uint32_t)cell;
        }
    return sum;
}

static NOINLINE uint32_t lists(uint32_t seed)
{
    struct node *head = NULL;
    for (int i = 0; i < NODES; i++)
    {
        nodes[i].key = next_random(&seed);
        struct node **at = &head;
        for (int steps = 0; *at != NULL && (*at)->key < nodes[i].key && steps < 40; steps++)
            at = &(*at)->next;
        nodes[i].next = *at;
        *at = &nodes[i];
    }
    struct node *reversed = NULL;
    while (head != NULL)
    {
        struct node *rest = head->next;
        head->next = reversed;
        reversed = head;
        head = rest;
    }
    uint32_t sum = 0;
    for (struct node *n = reversed; n != NULL; n = n->next)
        sum = sum * 31 + n->key;
    return sum;
}

enum state { IDLE, NUMBER, WORD, STRING, ESCAPE, COMMENT };

/* Reads the buffer as if it were a text, and counts what is in it. */
static NOINLINE uint32_t state_machine(void)
{
    uint32_t counts[6] = {0};
    uint32_t value = 0;
    enum state state = IDLE;
    for (size_t i = 0; i < BYTES; i++)
    {
        uint32_t ch = buffer[i] & 0x7F;
        counts[state]++;
        switch (state)
        {
        case IDLE:
            if (ch - '0' < 10)
                state = NUMBER;
            else if ((ch | 0x20) - 'a' < 26)
                state = WORD;
            else if (ch == '"')
                state = STRING;
            else if (ch == '#')
                state = COMMENT;
            break;
        case NUMBER:
            if (ch - '0' < 10)
                value = value * 10 + (ch - '0');
            else
                state = IDLE;
            break;
        case WORD:
            if ((ch | 0x20) - 'a' >= 26)
                state = IDLE;
            else
                value ^= ch << (i & 15);
            break;
        case STRING:
            if (ch == '\\')
                state = ESCAPE;
            else if (ch == '"')
                state = IDLE;
            break;
        case ESCAPE:
            state = STRING;
            break;
        case COMMENT:
            if (ch < 8)
                state = IDLE;
            break;
        }
    }
    for (int i = 0; i < 6; i++)
        value = value * 7 + counts[i];
    return value;
}

uint32_t round_of_work(void)
{
    uint32_t sum = 0;
    make_table();
    for (uint32_t pass = 0; pass < PASSES; pass++)
    {
        fill(pass);
        sum += crc();
        sum ^= matrix(pass);
        sum += lists(pass);
        sum ^= state_machine();
    }
    return sum;
}
