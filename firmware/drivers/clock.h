/* Supply, voltage scale and clocks. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* 400 MHz CPU, 200 MHz AXI/AHB, 100 MHz APB from PLL1 and HSI. When the supply or the PLL does not get ready, the chip
   stays on HSI (64 MHz) and the result is PORT_ERROR_TIMEOUT: everything goes on working, slower. */
int clock_start(void);

/* Back to what they are after a reset; also VOS3. PWR_CR3 keeps the LDO: it can be written once only. */
int clock_stop(void);

/* HSI48, disciplined by the start-of-frame packets of USB2, and the 3.3 V supply of the transceivers. */
int clock_start_usb(void);

uint32_t clock_cpu_hz(void);

/* HCLK3, the kernel clock of QUADSPI. */
uint32_t clock_hclk_hz(void);

#endif
