#include "mpu.h"

#include "board.h"
#include "stm32h750.h"

#define REGIONS 16u
#define WINDOW_LOG2 28u

/* ARMv7-M ARM, table B3-15: normal memory, write-back with allocation (TEX 1, C 1, B 1). Nothing is ever written. */
#define ATTRIBUTES_NORMAL (1u << MPU_RASR_TEX_Pos | MPU_RASR_C_Msk | MPU_RASR_B_Msk)
#define ACCESS_READ_ONLY (6u << MPU_RASR_AP_Pos)

static void set_region(uint32_t number, uint32_t base, uint32_t attributes)
{
  MPU->RNR = number;
  MPU->RASR = 0;
  MPU->RBAR = base;
  MPU->RASR = attributes;
}

static uint32_t size_field(uint32_t log2_bytes)
{
  return (log2_bytes - 1u) << MPU_RASR_SIZE_Pos;
}

static void enable(uint32_t readable_log2)
{
  __DMB();
  MPU->CTRL = 0;
  for (uint32_t number = 0; number < REGIONS; number += 1u) {
    set_region(number, 0, 0);
  }
  /* Strongly ordered, no access, never executed: neither a wild pointer nor speculation reaches the bus. */
  set_region(0, BOARD_FLASH_BASE, MPU_RASR_XN_Msk | size_field(WINDOW_LOG2) | MPU_RASR_ENABLE_Msk);
  if (readable_log2 != 0) {
    /* A higher region number wins where regions overlap. */
    set_region(1, BOARD_FLASH_BASE,
               ATTRIBUTES_NORMAL | ACCESS_READ_ONLY | size_field(readable_log2) | MPU_RASR_ENABLE_Msk);
  }
  MPU->CTRL = MPU_CTRL_PRIVDEFENA_Msk | MPU_CTRL_ENABLE_Msk;
  __DSB();
  __ISB();
}

void mpu_close_flash_window(void)
{
  enable(0);
}

void mpu_open_flash_window(uint32_t size)
{
  enable(31u - __CLZ(size));
}
