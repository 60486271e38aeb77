/* The external flash chip beyond core/port.h: what the jump needs. */
#ifndef NOR_FLASH_H
#define NOR_FLASH_H

#include <stdint.h>

/* Puts the identified chip into continuous read and maps it. Result as in core/port.h. */
int nor_flash_map(void);

/* Size in bytes; 0 before the chip is identified. */
uint32_t nor_flash_size(void);

/* The QUADSPI clock, Hz. */
uint32_t nor_flash_clock_hz(void);

#endif
