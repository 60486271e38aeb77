/* Power control. RM0433 section 6.8. */
#ifndef REGISTERS_PWR_H
#define REGISTERS_PWR_H

#include <stdint.h>

struct pwr_registers {
  volatile uint32_t CR1;
  volatile uint32_t CSR1;
  volatile uint32_t CR2;
  volatile uint32_t CR3;
  volatile uint32_t CPUCR;
  uint32_t RESERVED0;
  volatile uint32_t D3CR;
};

#define PWR ((struct pwr_registers *)0x58024800u)

#define PWR_CR1_DBP (1u << 8)
#define PWR_CSR1_ACTVOSRDY (1u << 13)
#define PWR_CR3_BYPASS (1u << 0)
#define PWR_CR3_LDOEN (1u << 1)
#define PWR_CR3_SCUEN (1u << 2)
#define PWR_CR3_USB33DEN (1u << 24)
#define PWR_CR3_USB33RDY (1u << 26)
#define PWR_D3CR_VOSRDY (1u << 13)
#define PWR_D3CR_VOS(n) ((uint32_t)(n) << 14)
#define PWR_D3CR_VOS_MASK (0x3u << 14)

#define PWR_VOS_SCALE3 1u /* after reset */
#define PWR_VOS_SCALE1 3u

#endif
