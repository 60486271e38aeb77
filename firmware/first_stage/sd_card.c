/* SD Physical Layer Simplified Specification 6.00, sections 4.2 (identification) and 4.7; RM0433, SDMMC chapter. */
#include "sd_card.h"

#include "gpio.h"
#include "stm32h750.h"
#include "time.h"

/* Kernel clock: PLL2R, 200 MHz. SDMMC_CK is it divided by 2 x CLKDIV: 400 kHz to identify, then 25 MHz. */
#define DIVIDER_IDENTIFY 250u
#define DIVIDER_FAST 4u
#define FOUR_LINES 1u

#define GO_IDLE 0u
#define ALL_SEND_CID 2u
#define SEND_RELATIVE_ADDRESS 3u
#define SET_BUS_WIDTH 6u /* after APP_CMD */
#define SELECT_CARD 7u
#define SEND_IF_COND 8u
#define READ_SINGLE_BLOCK 17u
#define SEND_OP_COND 41u /* after APP_CMD */
#define APP_CMD 55u

#define RESPONSE_NONE SDMMC1_CMDR_WAITRESP(0)
#define RESPONSE_SHORT SDMMC1_CMDR_WAITRESP(1)
#define RESPONSE_NO_CRC SDMMC1_CMDR_WAITRESP(2)
#define RESPONSE_LONG SDMMC1_CMDR_WAITRESP(3)

#define IF_COND_PATTERN 0x1AAu    /* 2.7 to 3.6 V, check pattern */
#define OP_COND_WANTED 0x40FF8000u /* high capacity, all voltages */
#define OP_COND_READY 0xC0000000u  /* power-up is done, high capacity */
#define COMMAND_US 5000u
#define BLOCK_US 200000u
#define POWER_UP_TRIES 1000u

#define RESPONSE_FLAGS                                                                                      \
  (SDMMC1_STAR_CMDREND | SDMMC1_STAR_CMDSENT | SDMMC1_STAR_CTIMEOUT | SDMMC1_STAR_CCRCFAIL)
#define DATA_ERRORS (SDMMC1_STAR_DCRCFAIL | SDMMC1_STAR_DTIMEOUT | SDMMC1_STAR_RXOVERR)

static const struct pin pins[] = { { 2, 8, 12 }, { 2, 9, 12 }, { 2, 10, 12 }, { 2, 11, 12 }, { 2, 12, 12 }, { 3, 2, 12 } };
static uint32_t address;

static bool command(uint32_t index, uint32_t argument, uint32_t options)
{
  SDMMC1->ICR = SDMMC1_ICR_ALL;
  SDMMC1->ARGR = argument;
  SDMMC1->CMDR = index | options | SDMMC1_CMDR_CPSMEN;
  for (uint32_t waited = 0; waited < COMMAND_US; waited += 1u) {
    uint32_t flags = SDMMC1->STAR & RESPONSE_FLAGS;
    if (flags != 0) {
      return (flags & (SDMMC1_STAR_CMDREND | SDMMC1_STAR_CMDSENT)) != 0;
    }
    time_wait_us(1);
  }
  return false;
}

static bool power_up(void)
{
  for (uint32_t i = 0; i < POWER_UP_TRIES; i += 1u) {
    if (!command(APP_CMD, 0, RESPONSE_SHORT) || !command(SEND_OP_COND, OP_COND_WANTED, RESPONSE_NO_CRC)) {
      return false;
    }
    if ((SDMMC1->RESP1R & OP_COND_READY) == OP_COND_READY) {
      return true;
    }
    time_wait_us(1000);
  }
  return false;
}

static bool identify(void)
{
  if (!command(GO_IDLE, 0, RESPONSE_NONE) || !command(SEND_IF_COND, IF_COND_PATTERN, RESPONSE_SHORT) || !power_up() ||
      !command(ALL_SEND_CID, 0, RESPONSE_LONG) || !command(SEND_RELATIVE_ADDRESS, 0, RESPONSE_SHORT)) {
    return false;
  }
  address = SDMMC1->RESP1R & 0xFFFF0000u;
  return command(SELECT_CARD, address, RESPONSE_SHORT);
}

bool sd_card_start(void)
{
  for (uint32_t i = 0; i < sizeof pins / sizeof pins[0]; i += 1u) {
    gpio_alternate(pins[i], GPIO_PULL_UP);
  }
  RCC->D1CCIPR |= RCC_D1CCIPR_SDMMCSEL;
  RCC->AHB3ENR |= RCC_AHB3ENR_SDMMC1EN;
  (void)RCC->AHB3ENR;
  SDMMC1->CLKCR = SDMMC1_CLKCR_CLKDIV(DIVIDER_IDENTIFY);
  SDMMC1->POWER = 3u;
  time_wait_us(1000); /* 74 clocks at 400 kHz are 185 us; the supply rises meanwhile */
  if (!identify() || !command(APP_CMD, address, RESPONSE_SHORT) || !command(SET_BUS_WIDTH, 2u, RESPONSE_SHORT)) {
    return false;
  }
  SDMMC1->CLKCR = SDMMC1_CLKCR_CLKDIV(DIVIDER_FAST) | SDMMC1_CLKCR_WIDBUS(FOUR_LINES) | SDMMC1_CLKCR_HWFC_EN;
  return true;
}

bool sd_card_read(uint32_t block, uint8_t bytes[SD_BLOCK])
{
  SDMMC1->DTIMER = 0xFFFFFFFFu;
  SDMMC1->DLENR = SD_BLOCK;
  SDMMC1->DCTRL = SDMMC1_DCTRL_DTDIR | SDMMC1_DCTRL_DBLOCKSIZE(9);
  if (!command(READ_SINGLE_BLOCK, block, RESPONSE_SHORT | SDMMC1_CMDR_CMDTRANS)) {
    return false;
  }
  for (uint32_t i = 0; i < SD_BLOCK; i += 4u) {
    if (!time_wait_bits(&SDMMC1->STAR, SDMMC1_STAR_RXFIFOE, 0, BLOCK_US)) {
      return false;
    }
    __UNALIGNED_UINT32_WRITE(bytes + i, SDMMC1->FIFOR);
  }
  return time_wait_bits(&SDMMC1->STAR, SDMMC1_STAR_DATAEND, SDMMC1_STAR_DATAEND, BLOCK_US) &&
         (SDMMC1->STAR & DATA_ERRORS) == 0;
}
