/* The flash chip at the QUADSPI pins of the emulated reference board, on one line: what a guest program needs to change it. */
#ifndef WINDOW_H
#define WINDOW_H

#include <stdint.h>

#define WINDOW 0x90000000u

void window_open(void);
/* Ends memory-mapped mode. */
void window_leave(void);
/* Until the flag of QUADSPI_SR is there; clears it. */
void window_wait(uint32_t flag);
/* Pin of port 0 (A) on gives its alternate function. */
void window_pin(uint32_t port, uint32_t pin, uint32_t function);
/* Programs up to 256 bytes of one page, and maps the chip again. */
void window_program(uint32_t offset, const void *bytes, uint32_t count);

#endif
