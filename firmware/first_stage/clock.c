/*
 * 480 MHz from the crystal at VOS0, QUADSPI from PLL2: what SP Racing's first stage may well leave behind, and nothing that
 * IMSSBL uses itself. RM0433 sections 6.6.2 (VOS0) and 8.5. This file stands where drivers/clock.c does for the bootloaders.
 */
#include "clock.h"

#include "board.h"
#include "port.h"
#include "stm32h750.h"
#include "time.h"

#define CPU_HZ 480000000u
#define QSPI_KERNEL_HZ 200000000u
#define HSE_HZ 8000000u
#define READY_US 5000u

_Static_assert(BOARD_HSE_HZ == HSE_HZ, "the PLLs' factors below are for this crystal");

static uint32_t cpu_hz = 64000000u;

uint32_t clock_cpu_hz(void)
{
  return cpu_hz;
}

/* What nor_flash.c divides: the kernel clock of QUADSPI. */
uint32_t clock_hclk_hz(void)
{
  return QSPI_KERNEL_HZ;
}

static bool on(uint32_t enable, uint32_t ready)
{
  RCC->CR |= enable;
  return time_wait_bits(&RCC->CR, ready, ready, READY_US);
}

static bool voltage_ready(void)
{
  return time_wait_bits(&PWR->D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY, READY_US);
}

static bool start_voltage(void)
{
  PWR->CR3 = (PWR->CR3 & ~(PWR_CR3_SCUEN | PWR_CR3_BYPASS)) | PWR_CR3_LDOEN;
  bool ready = time_wait_bits(&PWR->CSR1, PWR_CSR1_ACTVOSRDY, PWR_CSR1_ACTVOSRDY, READY_US);
  PWR->D3CR = (PWR->D3CR & ~PWR_D3CR_VOS_MASK) | PWR_D3CR_VOS(PWR_VOS_SCALE1);
  ready = voltage_ready() && ready;
  RCC->APB4ENR |= RCC_APB4ENR_SYSCFGEN;
  (void)RCC->APB4ENR;
  SYSCFG->PWRCR |= SYSCFG_PWRCR_ODEN;
  return voltage_ready() && ready;
}

/* 8 MHz (range 3) x 120 / 2 and x 50 / 2. */
static bool start_plls(void)
{
  RCC->PLLCKSELR = RCC_PLLCKSELR_PLLSRC(RCC_PLLSRC_HSE) | RCC_PLLCKSELR_DIVM1(1) | RCC_PLLCKSELR_DIVM2(1);
  RCC->PLLCFGR = RCC_PLLCFGR_PLL1RGE(3) | RCC_PLLCFGR_PLL2RGE(3) | RCC_PLLCFGR_DIVP1EN | RCC_PLLCFGR_DIVR2EN;
  RCC->PLL1DIVR = RCC_PLL1DIVR_DIVN1(120 - 1) | RCC_PLL1DIVR_DIVP1(2 - 1);
  RCC->PLL2DIVR = RCC_PLL2DIVR_DIVN2(50 - 1) | RCC_PLL2DIVR_DIVR2(2 - 1);
  return on(RCC_CR_PLL1ON, RCC_CR_PLL1RDY) && on(RCC_CR_PLL2ON, RCC_CR_PLL2RDY);
}

int clock_start(void)
{
  if (!start_voltage() || !on(RCC_CR_HSEON, RCC_CR_HSERDY) || !start_plls()) {
    return PORT_ERROR_TIMEOUT;
  }
  FLASH->ACR = FLASH_ACR_LATENCY(4) | FLASH_ACR_WRHIGHFREQ(2);
  RCC->D1CFGR = RCC_D1CFGR_HPRE(RCC_DIVIDE_AHB_2) | RCC_D1CFGR_D1PPRE(RCC_DIVIDE_APB_2);
  RCC->D2CFGR = RCC_D2CFGR_D2PPRE1(RCC_DIVIDE_APB_2) | RCC_D2CFGR_D2PPRE2(RCC_DIVIDE_APB_2);
  RCC->D3CFGR = RCC_D3CFGR_D3PPRE(RCC_DIVIDE_APB_2);
  RCC->CFGR = RCC_CFGR_SW(RCC_SW_PLL1);
  if (!time_wait_bits(&RCC->CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS(RCC_SW_PLL1), READY_US)) {
    return PORT_ERROR_TIMEOUT;
  }
  RCC->D1CCIPR = RCC_D1CCIPR_QSPISEL(RCC_QSPISEL_PLL2R);
  cpu_hz = CPU_HZ;
  return PORT_OK;
}

/* For messages on the console, which counts on 64 MHz. */
int clock_stop(void)
{
  RCC->CFGR = RCC_CFGR_SW(RCC_SW_HSI);
  bool switched = time_wait_bits(&RCC->CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS(RCC_SW_HSI), READY_US);
  RCC->D1CFGR = 0;
  RCC->D2CFGR = 0;
  RCC->D3CFGR = 0;
  return switched ? PORT_OK : PORT_ERROR_TIMEOUT;
}
