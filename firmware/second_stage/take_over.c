/* Clocks and peripherals after the first stage: RM0433 sections 6 (PWR), 8 (RCC) and 23 (QUADSPI). */
#include "take_over.h"

#include "clock.h"
#include "stm32h750.h"
#include "time.h"

/* The fastest that the first stage can have left it at: waits are never shorter than they say. */
#define CPU_MAX_HZ 480000000u
#define READY_US 2000u
#define ABORT_US 1000u

/*
 * The chip may be mapped, or be polled. Its controller is told to stop before it is reset, because a transfer that is
 * cut off on the bus side would hang the bus (RM0433 section 23.3.12: ABORT ends whatever is under way).
 */
static void stop_quadspi(void)
{
  if ((RCC->AHB3ENR & RCC_AHB3ENR_QSPIEN) == 0) {
    return;
  }
  QUADSPI->CR |= QUADSPI_CR_ABORT;
  (void)time_wait_bits(&QUADSPI->CR, QUADSPI_CR_ABORT, 0, ABORT_US);
  (void)time_wait_bits(&QUADSPI->SR, QUADSPI_SR_BUSY, 0, ABORT_US);
}

static void pulse(volatile uint32_t *reset_register, uint32_t bits)
{
  *reset_register = bits;
  (void)*reset_register;
  *reset_register = 0;
}

/* Bus masters first: from here on nothing but the core writes to memory. */
static void reset_peripherals(void)
{
  pulse(&RCC->AHB1RSTR, RCC_AHB1RSTR_ALL);
  pulse(&RCC->AHB3RSTR, RCC_AHB3RSTR_ALL);
  pulse(&RCC->AHB2RSTR, RCC_AHB2RSTR_ALL);
  pulse(&RCC->AHB4RSTR, RCC_AHB4RSTR_ALL);
  pulse(&RCC->APB3RSTR, RCC_APB3RSTR_ALL);
  pulse(&RCC->APB1LRSTR, RCC_APB1LRSTR_ALL);
  pulse(&RCC->APB1HRSTR, RCC_APB1HRSTR_ALL);
  pulse(&RCC->APB2RSTR, RCC_APB2RSTR_ALL);
}

/* EXTI has no bit in RCC. Only its configurable lines can be left pending. */
static void reset_exti(void)
{
  EXTI->RTSR1 = 0;
  EXTI->FTSR1 = 0;
  EXTI->RTSR2 = 0;
  EXTI->FTSR2 = 0;
  EXTI->RTSR3 = 0;
  EXTI->FTSR3 = 0;
  EXTI->CPUIMR1 = EXTI_CPUIMR1_RESET;
  EXTI->CPUPR1 = EXTI_CPUPR1_ALL; /* write 1 to clear */
}

/* The system runs on HSI, undivided. A multiplexer needs both of its clocks to switch (section 8.5.9): the kernels' go back
   before the PLLs stop. */
static void switch_to_hsi(void)
{
  RCC->CR |= RCC_CR_HSION;
  (void)time_wait_bits(&RCC->CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY, READY_US);
  RCC->CR &= ~RCC_CR_HSIDIV_MASK;
  (void)time_wait_bits(&RCC->CR, RCC_CR_HSIDIVF, RCC_CR_HSIDIVF, READY_US);
  RCC->CFGR = RCC_CFGR_SW(RCC_SW_HSI);
  (void)time_wait_bits(&RCC->CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS(RCC_SW_HSI), READY_US);
  RCC->D1CCIPR = 0;
  RCC->D2CCIP1R = 0;
  RCC->D2CCIP2R = 0;
  RCC->D3CCIPR = 0;
}

static void stop_oscillators(void)
{
  RCC->CR = RCC_CR_HSION;
  (void)time_wait_bits(&RCC->CR, RCC_CR_PLL1RDY | RCC_CR_PLL2RDY | RCC_CR_PLL3RDY, 0, READY_US);
  RCC->PLL1FRACR = 0;
  RCC->PLL2DIVR = RCC_PLL2DIVR_RESET;
  RCC->PLL2FRACR = 0;
  RCC->PLL3DIVR = RCC_PLL3DIVR_RESET;
  RCC->PLL3FRACR = 0;
}

/* Section 6.6.2: from VOS0 to VOS1 the overdrive goes off first, then lower scales may follow. */
static void stop_overdrive(void)
{
  RCC->APB4ENR |= RCC_APB4ENR_SYSCFGEN;
  (void)RCC->APB4ENR;
  if ((SYSCFG->PWRCR & SYSCFG_PWRCR_ODEN_MASK) != 0) {
    SYSCFG->PWRCR &= ~SYSCFG_PWRCR_ODEN_MASK;
    (void)time_wait_bits(&PWR->D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY, READY_US);
  }
  pulse(&RCC->APB4RSTR, RCC_APB4RSTR_ALL);
}

static void stop_peripheral_clocks(void)
{
  RCC->AHB3ENR = 0;
  RCC->AHB1ENR = 0;
  RCC->AHB2ENR = 0;
  RCC->AHB4ENR = 0;
  RCC->APB3ENR = 0;
  RCC->APB1LENR = 0;
  RCC->APB1HENR = 0;
  RCC->APB2ENR = 0;
  RCC->APB4ENR = RCC_APB4ENR_RTCAPBEN;
}

void take_over(void)
{
  time_set_cpu_hz(CPU_MAX_HZ);
  stop_quadspi();
  reset_peripherals();
  reset_exti();
  switch_to_hsi();
  stop_oscillators();
  stop_overdrive();
  (void)clock_stop();
  stop_peripheral_clocks();
  __enable_irq();
}
