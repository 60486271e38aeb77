/* Reset and clock control. RM0433 section 8.7. */
#ifndef REGISTERS_RCC_H
#define REGISTERS_RCC_H

#include <stdint.h>

struct rcc_registers {
  volatile uint32_t CR;
  volatile uint32_t HSICFGR;
  volatile uint32_t CRRCR;
  uint32_t RESERVED0;
  volatile uint32_t CFGR;
  uint32_t RESERVED1;
  volatile uint32_t D1CFGR;
  volatile uint32_t D2CFGR;
  volatile uint32_t D3CFGR;
  uint32_t RESERVED2;
  volatile uint32_t PLLCKSELR;
  volatile uint32_t PLLCFGR;
  volatile uint32_t PLL1DIVR;
  volatile uint32_t PLL1FRACR;
  volatile uint32_t PLL2DIVR;
  volatile uint32_t PLL2FRACR;
  volatile uint32_t PLL3DIVR;
  volatile uint32_t PLL3FRACR;
  uint32_t RESERVED3;
  volatile uint32_t D1CCIPR;
  volatile uint32_t D2CCIP1R;
  volatile uint32_t D2CCIP2R;
  volatile uint32_t D3CCIPR;
  uint32_t RESERVED4[8];
  volatile uint32_t AHB3RSTR;
  volatile uint32_t AHB1RSTR;
  volatile uint32_t AHB2RSTR;
  volatile uint32_t AHB4RSTR;
  volatile uint32_t APB3RSTR;
  volatile uint32_t APB1LRSTR;
  volatile uint32_t APB1HRSTR;
  volatile uint32_t APB2RSTR;
  volatile uint32_t APB4RSTR;
  uint32_t RESERVED5[12];
  volatile uint32_t RSR;
  volatile uint32_t AHB3ENR;
  volatile uint32_t AHB1ENR;
  volatile uint32_t AHB2ENR;
  volatile uint32_t AHB4ENR;
  volatile uint32_t APB3ENR;
  volatile uint32_t APB1LENR;
  volatile uint32_t APB1HENR;
  volatile uint32_t APB2ENR;
  volatile uint32_t APB4ENR;
  uint32_t RESERVED6[2];
  volatile uint32_t AHB1LPENR;
};

#define RCC ((struct rcc_registers *)0x58024400u)

#define RCC_CR_HSION (1u << 0)
#define RCC_CR_HSIRDY (1u << 2)
#define RCC_CR_HSIDIV_MASK (0x3u << 3)
#define RCC_CR_HSIDIVF (1u << 5)
#define RCC_CR_HSEON (1u << 16)
#define RCC_CR_HSERDY (1u << 17)
#define RCC_CR_HSI48ON (1u << 12)
#define RCC_CR_HSI48RDY (1u << 13)
#define RCC_CR_PLL1ON (1u << 24)
#define RCC_CR_PLL1RDY (1u << 25)
#define RCC_CR_PLL2ON (1u << 26)
#define RCC_CR_PLL2RDY (1u << 27)
#define RCC_CR_PLL3RDY (1u << 29)

#define RCC_CFGR_SW(n) ((uint32_t)(n) << 0)
#define RCC_CFGR_SW_MASK (0x7u << 0)
#define RCC_CFGR_SWS(n) ((uint32_t)(n) << 3)
#define RCC_CFGR_SWS_MASK (0x7u << 3)

#define RCC_D1CFGR_HPRE(n) ((uint32_t)(n) << 0)
#define RCC_D1CFGR_D1PPRE(n) ((uint32_t)(n) << 4)
#define RCC_D2CFGR_D2PPRE1(n) ((uint32_t)(n) << 4)
#define RCC_D2CFGR_D2PPRE2(n) ((uint32_t)(n) << 8)
#define RCC_D3CFGR_D3PPRE(n) ((uint32_t)(n) << 4)

#define RCC_PLLCKSELR_PLLSRC(n) ((uint32_t)(n) << 0)
#define RCC_PLLCKSELR_DIVM1(n) ((uint32_t)(n) << 4)
#define RCC_PLLCKSELR_DIVM2(n) ((uint32_t)(n) << 12)
#define RCC_PLLCKSELR_DIVM3(n) ((uint32_t)(n) << 20)
#define RCC_PLLCFGR_PLL1RGE(n) ((uint32_t)(n) << 2)
#define RCC_PLLCFGR_PLL2RGE(n) ((uint32_t)(n) << 6)
#define RCC_PLLCFGR_DIVP1EN (1u << 16)
#define RCC_PLLCFGR_DIVR2EN (1u << 21)
#define RCC_PLL1DIVR_DIVN1(n) ((uint32_t)(n) << 0)
#define RCC_PLL1DIVR_DIVP1(n) ((uint32_t)(n) << 9)
#define RCC_PLL1DIVR_DIVQ1(n) ((uint32_t)(n) << 16)
#define RCC_PLL1DIVR_DIVR1(n) ((uint32_t)(n) << 24)

#define RCC_PLL2DIVR_DIVN2(n) ((uint32_t)(n) << 0)
#define RCC_PLL2DIVR_DIVR2(n) ((uint32_t)(n) << 24)

#define RCC_D1CCIPR_SDMMCSEL (1u << 16)
#define RCC_D1CCIPR_QSPISEL(n) ((uint32_t)(n) << 4)
#define RCC_D2CCIP2R_RNGSEL(n) ((uint32_t)(n) << 8)
#define RCC_D2CCIP2R_RNGSEL_MASK (0x3u << 8)
#define RCC_D2CCIP2R_USBSEL(n) ((uint32_t)(n) << 20)
#define RCC_D2CCIP2R_USBSEL_MASK (0x3u << 20)

#define RCC_AHB3RSTR_QSPIRST (1u << 14)
#define RCC_AHB1RSTR_USB2OTGRST (1u << 27)
#define RCC_AHB2RSTR_HASHRST (1u << 5)
#define RCC_AHB2RSTR_RNGRST (1u << 6)
#define RCC_AHB4RSTR_GPIOARST (1u << 0)
#define RCC_AHB4RSTR_CRCRST (1u << 19)
#define RCC_APB1HRSTR_CRSRST (1u << 1)

#define RCC_AHB3ENR_QSPIEN (1u << 14)
#define RCC_AHB3ENR_SDMMC1EN (1u << 16)
#define RCC_AHB1ENR_USB2OTGEN (1u << 27)
#define RCC_AHB2ENR_HASHEN (1u << 5)
#define RCC_AHB2ENR_RNGEN (1u << 6)
#define RCC_AHB4ENR_GPIOAEN (1u << 0)
#define RCC_AHB4ENR_CRCEN (1u << 19)
#define RCC_APB1HENR_CRSEN (1u << 1)
#define RCC_APB1LENR_TIM6EN (1u << 4)
#define RCC_APB4ENR_SYSCFGEN (1u << 1)
#define RCC_APB4ENR_RTCAPBEN (1u << 16)
#define RCC_AHB1LPENR_USB2OTGLPEN (1u << 27)
#define RCC_AHB1LPENR_USB2OTGULPILPEN (1u << 28)

/* Values of fields. */
#define RCC_SW_HSI 0u
#define RCC_SW_PLL1 3u
#define RCC_DIVIDE_AHB_2 8u
#define RCC_DIVIDE_APB_2 4u
#define RCC_PLLSRC_HSE 2u
#define RCC_QSPISEL_PLL2R 2u
#define RCC_RNGSEL_HSI48 0u
#define RCC_USBSEL_HSI48 3u

/* Reset values that the jump restores. */
#define RCC_PLLCKSELR_RESET 0x02020200u
#define RCC_PLLCFGR_RESET 0x01FF0000u
#define RCC_PLL1DIVR_RESET 0x01010280u
#define RCC_PLL2DIVR_RESET 0x01010280u
#define RCC_PLL3DIVR_RESET 0x01010280u

/* Every peripheral that a register resets; of AHB3RSTR all but CPURST (bit 31). */
#define RCC_AHB3RSTR_ALL 0x00015031u
#define RCC_AHB1RSTR_ALL 0x0A008023u
#define RCC_AHB2RSTR_ALL 0x00000271u
#define RCC_AHB4RSTR_ALL 0x032807FFu
#define RCC_APB3RSTR_ALL 0x00000008u
#define RCC_APB1LRSTR_ALL 0xE8FFC3FFu
#define RCC_APB1HRSTR_ALL 0x00000136u
#define RCC_APB2RSTR_ALL 0x31D73033u
#define RCC_APB4RSTR_ALL 0x0020DEAAu

#endif
