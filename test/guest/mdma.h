/* MDMA channel 0 (RM0433 section 14.5), as the guest programs use it. */
#ifndef MDMA_H
#define MDMA_H

#include "guest.h"

#define RCC_AHB3ENR_MDMAEN (1u << 0)
#define MDMA_C0(offset) REGISTER(0x52000040u + (offset))
#define MDMA_C0ISR MDMA_C0(0x00u)
#define MDMA_C0IFCR MDMA_C0(0x04u)
#define MDMA_C0CR MDMA_C0(0x0Cu)
#define MDMA_C0TCR MDMA_C0(0x10u)
#define MDMA_C0BNDTR MDMA_C0(0x14u)
#define MDMA_C0SAR MDMA_C0(0x18u)
#define MDMA_C0DAR MDMA_C0(0x1Cu)
#define MDMA_C0TBR MDMA_C0(0x28u)
#define MDMA_CTCIF (1u << 1)

static inline void mdma_begin(uintptr_t from, uintptr_t to, uint32_t bytes)
{
  MDMA_C0IFCR = 0x1Fu;
  MDMA_C0BNDTR = bytes;
  MDMA_C0SAR = (uint32_t)from;
  MDMA_C0DAR = (uint32_t)to;
}

static inline void mdma_wait(void)
{
  while ((MDMA_C0ISR & MDMA_CTCIF) == 0u) {
  }
}

#endif
