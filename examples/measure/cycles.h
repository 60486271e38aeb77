/* Clocks, caches and the cycle counter, as far as `measure` needs them. */
#ifndef CYCLES_H
#define CYCLES_H

#include <stdint.h>

#define DWT_CYCCNT (*(volatile uint32_t *)0xE0001004u)

static inline uint32_t cycles_now(void)
{
  return DWT_CYCCNT;
}

/* Core 400 MHz from HSI, buses 200 MHz, APBs 100 MHz; the cycle counter runs. */
void cycles_start(void);
/* QUADSPI's clock is HCLK by this. */
uint32_t cycles_flash_divider(void);
void cache_enable_instructions(void);
void cache_enable_data(void);

#endif
