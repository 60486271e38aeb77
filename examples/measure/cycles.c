#include "cycles.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* RM0433 6.8 PWR, 8.7 RCC, 4.9 FLASH, 23.5 QUADSPI */
#define PWR_D3CR REGISTER(0x58024818u)
#define FLASH_ACR REGISTER(0x52002000u)
#define RCC_CR REGISTER(0x58024400u)
#define RCC_CFGR REGISTER(0x58024410u)
#define RCC_D1CFGR REGISTER(0x58024418u)
#define RCC_D2CFGR REGISTER(0x5802441Cu)
#define RCC_D3CFGR REGISTER(0x58024420u)
#define RCC_PLLCKSELR REGISTER(0x58024428u)
#define RCC_PLLCFGR REGISTER(0x5802442Cu)
#define RCC_PLL1DIVR REGISTER(0x58024430u)
#define QUADSPI_CR REGISTER(0x52005000u)
#define D3CR_VOS1 (3u << 14)
#define D3CR_VOSRDY (1u << 13)
#define CR_PLL1ON (1u << 24)
#define CR_PLL1RDY (1u << 25)
#define CFGR_SW_PLL1 3u
#define CFGR_SWS (7u << 3)
#define DIVIDE_AHB_2 8u
#define DIVIDE_APB_2 4u

/* DDI 0403E B3.2, C1.8 */
#define CCR REGISTER(0xE000ED14u)
#define CCR_DC (1u << 16)
#define CCR_IC (1u << 17)
#define ICIALLU REGISTER(0xE000EF50u)
#define DCISW REGISTER(0xE000EF60u)
#define DEMCR REGISTER(0xE000EDFCu)
#define DEMCR_TRCENA (1u << 24)
#define DWT_CTRL REGISTER(0xE0001000u)
#define DWT_LAR REGISTER(0xE0001FB0u)
#define LAR_KEY 0xC5ACCE55u

static void start_clocks(void)
{
  PWR_D3CR |= D3CR_VOS1;
  while ((PWR_D3CR & D3CR_VOSRDY) == 0u) {
  }
  /* HSI 64 MHz / 4 x 50 / 2; wait states for 200 MHz at VOS1 come before the clock. */
  RCC_PLLCKSELR = (4u << 4) | (32u << 12) | (32u << 20);
  RCC_PLLCFGR = (3u << 2) | (1u << 16);
  RCC_PLL1DIVR = (50u - 1u) | ((2u - 1u) << 9) | ((2u - 1u) << 16) | ((2u - 1u) << 24);
  RCC_CR |= CR_PLL1ON;
  while ((RCC_CR & CR_PLL1RDY) == 0u) {
  }
  FLASH_ACR = 2u | (2u << 4);
  RCC_D1CFGR = DIVIDE_AHB_2 | (DIVIDE_APB_2 << 4);
  RCC_D2CFGR = (DIVIDE_APB_2 << 4) | (DIVIDE_APB_2 << 8);
  RCC_D3CFGR = DIVIDE_APB_2 << 4;
  RCC_CFGR = CFGR_SW_PLL1;
  while ((RCC_CFGR & CFGR_SWS) != (CFGR_SW_PLL1 << 3)) {
  }
}

void cycles_start(void)
{
  start_clocks();
  DEMCR |= DEMCR_TRCENA;
  DWT_LAR = LAR_KEY;
  DWT_CTRL |= 1u;
}

uint32_t cycles_flash_divider(void)
{
  return (QUADSPI_CR >> 24) + 1u;
}

void cache_enable_instructions(void)
{
  ICIALLU = 0;
  __asm volatile("dsb\n\tisb");
  CCR |= CCR_IC;
  __asm volatile("dsb\n\tisb");
}

/* 128 sets of 4 ways (DDI 0489, 3.3.7): the bootloader leaves them as power-on did. */
void cache_enable_data(void)
{
  for (uint32_t set = 0; set < 128u; set++) {
    for (uint32_t way = 0; way < 4u; way++) {
      DCISW = (way << 30) | (set << 5);
    }
  }
  __asm volatile("dsb");
  CCR |= CCR_DC;
  __asm volatile("dsb\n\tisb");
}
