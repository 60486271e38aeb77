/*
 * QUADSPI in indirect mode, its FIFO served by MDMA: a page is programmed (first argument 0: MDMA is enabled behind the
 * command, 1: before it) and read back. Results: the sum of what was written, and of what was read.
 */
#include "guest.h"
#include "mdma.h"
#include "stm32h750.h"
#include "window.h"

#define QUADSPI_FIFO_TH 0x16u
#define ONE_LINE 1u
#define QUADSPI_DR ((uintptr_t)&QUADSPI->DR)

enum { BYTES = 256, OFFSET = 0x3000 };

IN_AXI static uint8_t source[BYTES];
IN_AXI static uint8_t target[BYTES];

/* RM0433 section 14.5: bytes, packed, four a request, one side fixed. */
static void mdma_prepare(uintptr_t from, uintptr_t to, uint32_t increment)
{
  mdma_begin(from, to, BYTES);
  MDMA_C0TCR = (1u << 25) | (3u << 18) | increment;
  MDMA_C0TBR = QUADSPI_FIFO_TH;
}

static void command(uint32_t instruction)
{
  QUADSPI->CCR = QUADSPI_CCR_IMODE(ONE_LINE) | QUADSPI_CCR_INSTRUCTION(instruction);
  window_wait(QUADSPI_SR_TCF);
}

static void start(uint32_t instruction, uint32_t functional_mode)
{
  QUADSPI->DLR = BYTES - 1u;
  QUADSPI->CCR = QUADSPI_CCR_FMODE(functional_mode) | QUADSPI_CCR_DMODE(ONE_LINE) | QUADSPI_CCR_ADSIZE(2) |
                 QUADSPI_CCR_ADMODE(ONE_LINE) | QUADSPI_CCR_IMODE(ONE_LINE) | QUADSPI_CCR_INSTRUCTION(instruction);
  QUADSPI->AR = OFFSET;
}

static uint32_t sum(const uint8_t *bytes)
{
  uint32_t total = 0;
  for (uint32_t index = 0; index < BYTES; index++) {
    total = total * 31u + bytes[index];
  }
  return total;
}

int main(void)
{
  RCC->AHB3ENR |= RCC_AHB3ENR_MDMAEN;
  window_open();
  window_leave();
  QUADSPI->CR |= QUADSPI_CR_FTHRES(3);
  for (uint32_t index = 0; index < BYTES; index++) {
    source[index] = (uint8_t)(index * 7u + 1u);
  }
  command(0x06u); /* write enable */
  mdma_prepare((uintptr_t)source, QUADSPI_DR, 2u);
  if (guest_argument[0] != 0u) {
    MDMA_C0CR = 1u;
    start(0x02u, 0);
  } else {
    start(0x02u, 0);
    MDMA_C0CR = 1u;
  }
  mdma_wait();
  window_wait(QUADSPI_SR_TCF);
  for (volatile uint32_t turn = 0; turn < 100000u; turn++) { /* tPP */
  }
  mdma_prepare(QUADSPI_DR, (uintptr_t)target, 2u << 2);
  start(0x03u, 1);
  MDMA_C0CR = 1u;
  mdma_wait();
  window_wait(QUADSPI_SR_TCF);
  guest_result[0] = sum(source);
  guest_result[1] = sum(target);
  return 0;
}
