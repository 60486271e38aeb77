#ifndef JUMP_H
#define JUMP_H

#include <stdint.h>

/*
 * Undoes what start-up did, maps the external flash and runs the vector table at `address`. The application finds the chip
 * as after a reset, with these exceptions: QUADSPI is mapped and its pins and port clocks are on, its kernel clock is
 * HCLK3 (so that it goes on when PLLs are reconfigured; at 200 MHz it is the board's highest clock, at HSI's 64 MHz
 * about a third of that); the supply configuration in PWR_CR3 is written; MPU regions 0 and 1 close the 256 MiB
 * window but for the chip (all others are off, the default map applies elsewhere); VTOR. Caches are off.
 */
_Noreturn void jump_to(uint32_t address);

#endif
