/* The jump into a second stage. */
#ifndef LEAVE_H
#define LEAVE_H

#include <stdint.h>

/*
 * Runs the vector table at `address` with the machine as it is: caches and MPU on, SysTick and a timer running, interrupts
 * enabled and pending, a process stack, a floating-point context, QUADSPI mapped, 480 MHz. Whoever can live with this can
 * live with what a closed first stage leaves.
 */
_Noreturn void leave_to(uint32_t address);

#endif
