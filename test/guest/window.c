#include "window.h"

#include "stm32h750.h"

#define ONE_LINE 1u
#define FMODE_MAPPED 3u
#define READ 0x03u
#define PAGE_PROGRAM 0x02u
#define WRITE_ENABLE 0x06u
#define READ_STATUS 0x05u
#define STATUS_BUSY 1u
#define FLASH_LOG2 24u

void window_pin(uint32_t port, uint32_t pin, uint32_t function)
{
  struct gpio_registers *gpio = GPIO_PORT(port);
  volatile uint32_t *high_or_low = pin < 8u ? &gpio->AFRL : &gpio->AFRH;
  *high_or_low |= function << (4u * (pin % 8u));
  gpio->MODER &= ~(1u << (2u * pin)); /* analog after reset */
}

static void map(void)
{
  QUADSPI->CCR = QUADSPI_CCR_FMODE(FMODE_MAPPED) | QUADSPI_CCR_DMODE(ONE_LINE) | QUADSPI_CCR_ADSIZE(2) |
                 QUADSPI_CCR_ADMODE(ONE_LINE) | QUADSPI_CCR_IMODE(ONE_LINE) | QUADSPI_CCR_INSTRUCTION(READ);
}

void window_open(void)
{
  RCC->AHB4ENR |= 0x1Fu;
  RCC->AHB3ENR |= RCC_AHB3ENR_QSPIEN;
  (void)RCC->AHB3ENR;
  window_pin(1, 2, 9);
  window_pin(1, 6, 10);
  window_pin(3, 11, 9);
  window_pin(3, 12, 9);
  window_pin(4, 2, 9);
  window_pin(3, 13, 9);
  QUADSPI->DCR = QUADSPI_DCR_FSIZE(FLASH_LOG2) | QUADSPI_DCR_CSHT(2);
  QUADSPI->CR = QUADSPI_CR_PRESCALER(1) | QUADSPI_CR_EN;
  /* W25Q128JV, tPUW: nothing is written within 5 ms of power-on. A turn takes six cycles of 64 MHz at least. */
  for (volatile uint32_t turn = 0; turn < 60000u; turn++) {
  }
  map();
}

void window_wait(uint32_t flag)
{
  while ((QUADSPI->SR & flag) == 0u) {
  }
  QUADSPI->FCR = flag;
}

void window_leave(void)
{
  QUADSPI->CR |= QUADSPI_CR_ABORT;
  while ((QUADSPI->CR & QUADSPI_CR_ABORT) != 0u || (QUADSPI->SR & QUADSPI_SR_BUSY) != 0u) {
  }
  QUADSPI->FCR = QUADSPI_FCR_CTCF;
}

static uint32_t status(void)
{
  QUADSPI->DLR = 0;
  QUADSPI->CCR = QUADSPI_CCR_FMODE(1) | QUADSPI_CCR_DMODE(ONE_LINE) | QUADSPI_CCR_IMODE(ONE_LINE) |
                 QUADSPI_CCR_INSTRUCTION(READ_STATUS);
  window_wait(QUADSPI_SR_TCF);
  return *(volatile uint8_t *)&QUADSPI->DR;
}

void window_program(uint32_t offset, const void *bytes, uint32_t count)
{
  const uint8_t *byte = bytes;
  window_leave();
  QUADSPI->CCR = QUADSPI_CCR_IMODE(ONE_LINE) | QUADSPI_CCR_INSTRUCTION(WRITE_ENABLE);
  window_wait(QUADSPI_SR_TCF);
  QUADSPI->DLR = count - 1u;
  QUADSPI->CCR = QUADSPI_CCR_DMODE(ONE_LINE) | QUADSPI_CCR_ADSIZE(2) | QUADSPI_CCR_ADMODE(ONE_LINE) |
                 QUADSPI_CCR_IMODE(ONE_LINE) | QUADSPI_CCR_INSTRUCTION(PAGE_PROGRAM);
  QUADSPI->AR = offset;
  while (count-- > 0u) {
    *(volatile uint8_t *)&QUADSPI->DR = *byte++;
  }
  window_wait(QUADSPI_SR_TCF);
  while ((status() & STATUS_BUSY) != 0u) {
  }
  map();
}
