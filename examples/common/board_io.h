/*
 * The least that an example needs of a board: console and LED. The bootloader hands over a chip with the clocks
 * as after reset (HSI, 64 MHz everywhere), so the console's baud rate follows from 64 MHz.
 */
#ifndef BOARD_IO_H
#define BOARD_IO_H

#include <stdint.h>

void io_init(void);
/* The console's APB runs at `hz` now. After io_init. */
void io_clock_changed(uint32_t hz);
void io_print(const char *text);
void io_print_hex(uint32_t value);     /* 0x and eight digits */
/* "NAME: running from external flash at ADDRESS", where ADDRESS is this function's own. */
void io_print_greeting(const char *name);
void io_print_decimal(uint32_t value);
void io_led(int on);

/* SysTick every `milliseconds` (1..250). */
void io_tick_every(uint32_t milliseconds);

#endif
