/* Runs the rounds and writes the checksum through semihosting; 0xBADBAD01 when a round computed something else. */
#include "bench.h"

enum { SYS_OPEN = 1, SYS_WRITE = 5, MODE_WRITE_BINARY = 5 };

extern const volatile uint32_t rounds;

static int semihost(int operation, const void *block)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

/* The compiler asks for it. */
void *memset(void *to, int value, size_t length)
{
    volatile uint8_t *bytes = to;
    while (length-- > 0)
        *bytes++ = (uint8_t)value;
    return to;
}

/* CPACR: full access to CP10 and CP11, where the compiler uses them. */
static void enable_floating_point(void)
{
#ifdef __ARM_FP
    *(volatile uint32_t *)0xE000ED88 |= 0xF00000;
    __asm__ volatile("dsb; isb" ::: "memory");
#endif
}

void main(void)
{
    static const char name[] = "result.bin";
    enable_floating_point();
    uint32_t first = round_of_work();
    uint32_t result = first;
    for (uint32_t done = 1; done < rounds; done++)
        if (round_of_work() != first)
            result = 0xBADBAD01u;
    const uintptr_t open[] = {(uintptr_t)name, MODE_WRITE_BINARY, sizeof name - 1};
    const uintptr_t write[] = {(uintptr_t)semihost(SYS_OPEN, open), (uintptr_t)&result, sizeof result};
    semihost(SYS_WRITE, write);
}
