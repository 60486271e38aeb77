/* Waiting for devices, as firmware mostly does: a load, a test, a branch. No register shows what a loop waits for. */
#include "bench.h"

enum { POLLS = 50000 };

typedef const volatile uint32_t *reg;

#define SYSTICK ((volatile uint32_t *)0xE000E010)
#define SYST_CVR ((reg)0xE000E018)
#ifdef __ARM_ARCH_7EM__
#define DWT_CYCCNT ((reg)0xE0001004)
/* Arm's AN500: a port's inputs, and a UART's state. */
#define GPIO0_DATA ((reg)0x40010000)
#define UART0_STATE ((reg)0x40004004)
#else
#define DWT_CYCCNT SYST_CVR
#define GPIO0_DATA SYST_CVR
#define UART0_STATE SYST_CVR
#endif

/* A flag that is to be set. */
static NOINLINE uint32_t wait_flag(reg from, uint32_t mask)
{
    uint32_t polls = 0;
    while ((*from & mask) == 0 && polls < POLLS)
        polls++;
    return polls;
}

/* A time that is to pass. */
static NOINLINE uint32_t wait_time(reg from, uint32_t ticks)
{
    uint32_t polls = 0, start = *from;
    while (*from - start < ticks && polls < POLLS)
        polls++;
    return polls;
}

uint32_t round_of_work(void)
{
    SYSTICK[1] = 0xFFFFFF;
    SYSTICK[0] = 5;
#ifdef __ARM_ARCH_7EM__
    *(volatile uint32_t *)0xE000EDFC |= 1u << 24;
    *(volatile uint32_t *)0xE0001000 |= 1;
#endif
    return wait_time(DWT_CYCCNT, 0xFFFFFFFF) + 3 * wait_flag(SYST_CVR, 0xFF000000) + 5 * wait_flag(GPIO0_DATA, 0x80000000) +
           7 * wait_flag(UART0_STATE, 0x80000000);
}
