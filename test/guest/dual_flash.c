/*
 * Two flash chips side by side (RM0433, "Dual-flash mode"): a page of each is programmed with one command, polled for, and
 * read through the window. Results: the sum of what was written, of what the window shows, and the status after polling.
 */
#include "guest.h"
#include "stm32h750.h"
#include "window.h"

#define DFM (1u << 6)
#define ONE_LINE 1u
#define BOTH_BUSY 0x0101u

enum { BYTES = 512, OFFSET = 0x4000 };

static uint8_t pattern(uint32_t index)
{
  return (uint8_t)(index * 13u + 5u);
}

static void program(void)
{
  QUADSPI->CCR = QUADSPI_CCR_IMODE(ONE_LINE) | QUADSPI_CCR_INSTRUCTION(0x06u);
  window_wait(QUADSPI_SR_TCF);
  QUADSPI->DLR = BYTES - 1u;
  QUADSPI->CCR = QUADSPI_CCR_DMODE(ONE_LINE) | QUADSPI_CCR_ADSIZE(2) | QUADSPI_CCR_ADMODE(ONE_LINE) |
                 QUADSPI_CCR_IMODE(ONE_LINE) | QUADSPI_CCR_INSTRUCTION(0x02u);
  QUADSPI->AR = OFFSET;
  for (uint32_t index = 0; index < BYTES; index++) {
    *(volatile uint8_t *)&QUADSPI->DR = pattern(index);
  }
  window_wait(QUADSPI_SR_TCF);
}

static void poll_until_ready(void)
{
  QUADSPI->CR |= QUADSPI_CR_APMS;
  QUADSPI->PSMKR = BOTH_BUSY;
  QUADSPI->PSMAR = 0;
  QUADSPI->PIR = 16;
  QUADSPI->DLR = 1;
  QUADSPI->CCR = QUADSPI_CCR_FMODE(2) | QUADSPI_CCR_DMODE(ONE_LINE) | QUADSPI_CCR_IMODE(ONE_LINE) |
                 QUADSPI_CCR_INSTRUCTION(0x05u);
  window_wait(QUADSPI_SR_SMF);
}

int main(void)
{
  uint32_t written = 0;
  uint32_t seen = 0;
  window_open();
  RCC->AHB4ENR |= 0x1Fu;
  window_pin(2, 11, 9);  /* BK2_NCS */
  window_pin(4, 7, 10);  /* BK2_IO0.. */
  window_pin(4, 8, 10);
  window_pin(4, 9, 10);
  window_pin(4, 10, 10);
  window_leave();
  QUADSPI->CR |= DFM;
  QUADSPI->DCR = QUADSPI_DCR_FSIZE(25) | QUADSPI_DCR_CSHT(2);
  program();
  poll_until_ready();
  guest_result[2] = QUADSPI->DR;
  QUADSPI->CCR = QUADSPI_CCR_FMODE(3) | QUADSPI_CCR_DMODE(ONE_LINE) | QUADSPI_CCR_ADSIZE(2) |
                 QUADSPI_CCR_ADMODE(ONE_LINE) | QUADSPI_CCR_IMODE(ONE_LINE) | QUADSPI_CCR_INSTRUCTION(0x03u);
  for (uint32_t index = 0; index < BYTES; index++) {
    written = written * 31u + pattern(index);
    seen = seen * 31u + *(volatile uint8_t *)(uintptr_t)(WINDOW + OFFSET + index);
  }
  guest_result[0] = written;
  guest_result[1] = seen;
  return 0;
}
