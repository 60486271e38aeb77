/* The memory protection unit's 16 regions. */
#ifndef MPU_H
#define MPU_H

#include <stdint.h>

/* Before QUADSPI is mapped: a speculative access to its window would hang the bus. */
void mpu_close_flash_window(void);

/* For the application: `size` bytes (a power of two) from the window's start may be read and executed. */
void mpu_open_flash_window(uint32_t size);

#endif
