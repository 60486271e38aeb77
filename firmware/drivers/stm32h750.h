/*
 * The chip: interrupt numbers, CMSIS-Core, and the register blocks that the bootloader uses. Written from
 * RM0433; a test holds offsets and bits to data/stm32h753-registers.json.
 */
#ifndef STM32H750_H
#define STM32H750_H

/* RM0433 section 19.1.2. Only what is used; the vector table has all 150 places. */
typedef enum {
  NonMaskableInt_IRQn = -14,
  HardFault_IRQn = -13,
  MemoryManagement_IRQn = -12,
  BusFault_IRQn = -11,
  UsageFault_IRQn = -10,
  SVCall_IRQn = -5,
  DebugMonitor_IRQn = -4,
  PendSV_IRQn = -2,
  SysTick_IRQn = -1,
  QUADSPI_IRQn = 92,
  OTG_FS_IRQn = 101,
} IRQn_Type;

#define INTERRUPT_COUNT 150u

#define __CM7_REV 0x0101u
#define __MPU_PRESENT 1u
#define __NVIC_PRIO_BITS 4u
#define __Vendor_SysTickConfig 0u
#define __FPU_PRESENT 1u
#define __ICACHE_PRESENT 1u
#define __DCACHE_PRESENT 1u
#define __DTCM_PRESENT 1u

#include "core_cm7.h"

#include "registers/flash.h"
#include "registers/gpio.h"
#include "registers/otg_fs.h"
#include "registers/pwr.h"
#include "registers/quadspi.h"
#include "registers/rcc.h"
#include "registers/sdmmc.h"
#include "registers/small.h"

#endif
