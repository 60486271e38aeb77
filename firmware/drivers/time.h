/* Time: cycles for short waits, milliseconds for everything else. */
#ifndef TIME_H
#define TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Starts the cycle counter at the 64 MHz of reset. First of all calls. */
void time_start(void);

/* Tells the CPU clock, and starts the millisecond tick with it. */
void time_set_cpu_hz(uint32_t hz);

void time_stop(void);

void time_wait_us(uint32_t us);

/* Waits until (*reg & mask) == value. False when that did not happen within `maximum_us` (at most 5 s at 400 MHz). */
bool time_wait_bits(const volatile uint32_t *reg, uint32_t mask, uint32_t value, uint32_t maximum_us);

#endif
