#include "time.h"

#include "event.h"
#include "port.h"
#include "stm32h750.h"

#define RESET_CPU_MHZ 64u
/* CoreSight lock of the Cortex-M7's DWT: without it the counter stays off when no debugger is there. */
#define DWT_UNLOCK 0xC5ACCE55u

static uint32_t cycles_per_us = RESET_CPU_MHZ;
static volatile uint32_t milliseconds;

void time_start(void)
{
  CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
  DWT->LAR = DWT_UNLOCK;
  DWT->CYCCNT = 0;
  DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
}

void time_set_cpu_hz(uint32_t hz)
{
  cycles_per_us = hz / 1000000u;
  SysTick->LOAD = hz / 1000u - 1u;
  SysTick->VAL = 0;
  SysTick->CTRL = SysTick_CTRL_CLKSOURCE_Msk | SysTick_CTRL_TICKINT_Msk | SysTick_CTRL_ENABLE_Msk;
}

void time_stop(void)
{
  SysTick->CTRL = 0;
  SysTick->LOAD = 0;
  SysTick->VAL = 0;
  SCB->ICSR = SCB_ICSR_PENDSTCLR_Msk;
  DWT->CTRL &= ~DWT_CTRL_CYCCNTENA_Msk;
}

void SysTick_Handler(void)
{
  milliseconds += 1u;
  event_signal();
}

uint32_t port_millis(void)
{
  return milliseconds;
}

void time_wait_us(uint32_t us)
{
  uint32_t start = DWT->CYCCNT;
  uint32_t cycles = us * cycles_per_us;
  while (DWT->CYCCNT - start < cycles) {
  }
}

bool time_wait_bits(const volatile uint32_t *reg, uint32_t mask, uint32_t value, uint32_t maximum_us)
{
  uint32_t start = DWT->CYCCNT;
  uint32_t cycles = maximum_us * cycles_per_us;
  while ((*reg & mask) != value) {
    if (DWT->CYCCNT - start >= cycles) {
      return (*reg & mask) == value;
    }
  }
  return true;
}
