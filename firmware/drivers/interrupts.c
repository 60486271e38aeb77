#include "interrupts.h"

#include "stm32h750.h"

void interrupts_stop(void)
{
  for (uint32_t first = 0; first < INTERRUPT_COUNT; first += 32u) {
    uint32_t left = INTERRUPT_COUNT - first;
    uint32_t mask = left < 32u ? (1u << left) - 1u : 0xFFFFFFFFu;
    NVIC->ICER[first / 32u] = mask;
    NVIC->ICPR[first / 32u] = mask;
  }
  SCB->ICSR = SCB_ICSR_PENDSTCLR_Msk | SCB_ICSR_PENDSVCLR_Msk;
}
