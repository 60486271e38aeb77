/* SD/MMC host interface. RM0433, chapter "Secure digital input/output MultiMediaCard interface (SDMMC)". */
#ifndef REGISTERS_SDMMC_H
#define REGISTERS_SDMMC_H

#include <stdint.h>

struct sdmmc1_registers {
  volatile uint32_t POWER;
  volatile uint32_t CLKCR;
  volatile uint32_t ARGR;
  volatile uint32_t CMDR;
  volatile uint32_t RESPCMDR;
  volatile uint32_t RESP1R;
  uint32_t RESERVED0[3];
  volatile uint32_t DTIMER;
  volatile uint32_t DLENR;
  volatile uint32_t DCTRL;
  uint32_t RESERVED1;
  volatile uint32_t STAR;
  volatile uint32_t ICR;
  uint32_t RESERVED2[17];
  volatile uint32_t FIFOR;
};

#define SDMMC1 ((struct sdmmc1_registers *)0x52007000u)

#define SDMMC1_CLKCR_CLKDIV(n) ((uint32_t)(n) << 0)
#define SDMMC1_CLKCR_WIDBUS(n) ((uint32_t)(n) << 14)
#define SDMMC1_CLKCR_HWFC_EN (1u << 17)
#define SDMMC1_CMDR_CMDTRANS (1u << 6)
#define SDMMC1_CMDR_WAITRESP(n) ((uint32_t)(n) << 8)
#define SDMMC1_CMDR_CPSMEN (1u << 12)
#define SDMMC1_DCTRL_DTDIR (1u << 1)
#define SDMMC1_DCTRL_DBLOCKSIZE(n) ((uint32_t)(n) << 4)
#define SDMMC1_STAR_CCRCFAIL (1u << 0)
#define SDMMC1_STAR_DCRCFAIL (1u << 1)
#define SDMMC1_STAR_CTIMEOUT (1u << 2)
#define SDMMC1_STAR_DTIMEOUT (1u << 3)
#define SDMMC1_STAR_RXOVERR (1u << 5)
#define SDMMC1_STAR_CMDREND (1u << 6)
#define SDMMC1_STAR_CMDSENT (1u << 7)
#define SDMMC1_STAR_DATAEND (1u << 8)
#define SDMMC1_STAR_RXFIFOE (1u << 19)

/* Every flag that ICR clears. */
#define SDMMC1_ICR_ALL 0x1FE00FFFu

#endif
