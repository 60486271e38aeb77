/* Quad-SPI interface. RM0433 section 23.5. */
#ifndef REGISTERS_QUADSPI_H
#define REGISTERS_QUADSPI_H

#include <stdint.h>

struct quadspi_registers {
  volatile uint32_t CR;
  volatile uint32_t DCR;
  volatile uint32_t SR;
  volatile uint32_t FCR;
  volatile uint32_t DLR;
  volatile uint32_t CCR;
  volatile uint32_t AR;
  volatile uint32_t ABR;
  volatile uint32_t DR;
  volatile uint32_t PSMKR;
  volatile uint32_t PSMAR;
  volatile uint32_t PIR;
  volatile uint32_t LPTR;
};

#define QUADSPI ((struct quadspi_registers *)0x52005000u)

#define QUADSPI_CR_EN (1u << 0)
#define QUADSPI_CR_ABORT (1u << 1)
#define QUADSPI_CR_SSHIFT (1u << 4)
#define QUADSPI_CR_FSEL (1u << 7)
#define QUADSPI_CR_FTHRES(n) ((uint32_t)(n) << 8)
#define QUADSPI_CR_SMIE (1u << 19)
#define QUADSPI_CR_APMS (1u << 22)
#define QUADSPI_CR_PRESCALER(n) ((uint32_t)(n) << 24)
#define QUADSPI_DCR_CSHT(n) ((uint32_t)(n) << 8)
#define QUADSPI_DCR_FSIZE(n) ((uint32_t)(n) << 16)
#define QUADSPI_SR_TEF (1u << 0)
#define QUADSPI_SR_TCF (1u << 1)
#define QUADSPI_SR_FTF (1u << 2)
#define QUADSPI_SR_SMF (1u << 3)
#define QUADSPI_SR_BUSY (1u << 5)
#define QUADSPI_FCR_CTEF (1u << 0)
#define QUADSPI_FCR_CTCF (1u << 1)
#define QUADSPI_FCR_CSMF (1u << 3)
#define QUADSPI_FCR_CTOF (1u << 4)
#define QUADSPI_CCR_INSTRUCTION(n) ((uint32_t)(n) << 0)
#define QUADSPI_CCR_IMODE(n) ((uint32_t)(n) << 8)
#define QUADSPI_CCR_ADMODE(n) ((uint32_t)(n) << 10)
#define QUADSPI_CCR_ADSIZE(n) ((uint32_t)(n) << 12)
#define QUADSPI_CCR_ABMODE(n) ((uint32_t)(n) << 14)
#define QUADSPI_CCR_ABSIZE(n) ((uint32_t)(n) << 16)
#define QUADSPI_CCR_DCYC(n) ((uint32_t)(n) << 18)
#define QUADSPI_CCR_DMODE(n) ((uint32_t)(n) << 24)
#define QUADSPI_CCR_FMODE(n) ((uint32_t)(n) << 26)
#define QUADSPI_CCR_SIOO (1u << 28)

#endif
