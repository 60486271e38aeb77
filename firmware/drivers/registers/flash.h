/* Embedded flash memory, bank 1. RM0433 section 4.9. */
#ifndef REGISTERS_FLASH_H
#define REGISTERS_FLASH_H

#include <stdint.h>

struct flash_registers {
  volatile uint32_t ACR;
  volatile uint32_t KEYR1;
  volatile uint32_t OPTKEYR;
  volatile uint32_t CR1;
  volatile uint32_t SR1;
  volatile uint32_t CCR1;
  volatile uint32_t OPTCR;
  volatile uint32_t OPTSR_CUR;
  volatile uint32_t OPTSR_PRG;
  volatile uint32_t OPTCCR;
  uint32_t RESERVED0[4];
  volatile uint32_t WPSN_CUR1R;
};

#define FLASH ((struct flash_registers *)0x52002000u)

#define FLASH_ACR_LATENCY(n) ((uint32_t)(n) << 0)
#define FLASH_ACR_LATENCY_MASK (0xFu << 0)
#define FLASH_ACR_WRHIGHFREQ(n) ((uint32_t)(n) << 4)
#define FLASH_CR1_LOCK1 (1u << 0)
#define FLASH_CR1_PG1 (1u << 1)
#define FLASH_CR1_SER1 (1u << 2)
#define FLASH_CR1_PSIZE1(n) ((uint32_t)(n) << 4)
#define FLASH_CR1_START1 (1u << 7)
#define FLASH_SR1_BSY1 (1u << 0)
#define FLASH_SR1_WBNE1 (1u << 1)
#define FLASH_SR1_QW1 (1u << 2)
#define FLASH_SR1_EOP1 (1u << 16)
#define FLASH_SR1_WRPERR1 (1u << 17)
#define FLASH_SR1_PGSERR1 (1u << 18)
#define FLASH_SR1_STRBERR1 (1u << 19)
#define FLASH_SR1_INCERR1 (1u << 21)
#define FLASH_SR1_OPERR1 (1u << 22)
#define FLASH_SR1_RDPERR1 (1u << 23)
#define FLASH_SR1_RDSERR1 (1u << 24)
#define FLASH_SR1_SNECCERR1 (1u << 25)
#define FLASH_SR1_DBECCERR1 (1u << 26)
#define FLASH_CCR1_CLR_EOP1 (1u << 16)
#define FLASH_CCR1_CLR_WRPERR1 (1u << 17)
#define FLASH_CCR1_CLR_PGSERR1 (1u << 18)
#define FLASH_CCR1_CLR_STRBERR1 (1u << 19)
#define FLASH_CCR1_CLR_INCERR1 (1u << 21)
#define FLASH_CCR1_CLR_OPERR1 (1u << 22)
#define FLASH_CCR1_CLR_SNECCERR1 (1u << 25)
#define FLASH_CCR1_CLR_DBECCERR1 (1u << 26)

#define FLASH_OPTCR_OPTLOCK (1u << 0)
#define FLASH_OPTCR_OPTSTART (1u << 1)
#define FLASH_OPTSR_OPT_BUSY (1u << 0)
#define FLASH_OPTSR_RDP(n) ((uint32_t)(n) << 8)
#define FLASH_OPTSR_RDP_MASK (0xFFu << 8)
#define FLASH_OPTSR_OPTCHANGEERR (1u << 30)
#define FLASH_OPTCCR_CLR_OPTCHANGEERR (1u << 30)

#define FLASH_ACR_RESET 0x37u
#define FLASH_KEY1 0x45670123u
#define FLASH_KEY2 0xCDEF89ABu
#define FLASH_OPTKEY1 0x08192A3Bu
#define FLASH_OPTKEY2 0x4C5D6E7Fu

#endif
