/*
 * One hazard of cached memory, chosen by the first argument, with (second argument 1) or without the maintenance that it
 * needs. The first result is what the program saw, the second what is right.
 */
#include "guest.h"
#include "mdma.h"
#include "stm32h750.h"
#include "window.h"

#define OLD 0x01D01D01u
#define NEW 0x4E454E45u
enum { BYTES = 32, HALF = 16 };

IN_AXI static uint32_t buffer[BYTES / 4];
/* Shares its line with what DMA writes. */
IN_AXI static struct {
  uint32_t received[HALF / 4];
  uint32_t counter;
  uint32_t rest[3];
} shared;
IN_AXI static uint16_t code[16];
/* Not cached: DTCM. */
static uint32_t outside[BYTES / 4];
static uint32_t maintain;

/* RM0433 section 14.5: words to words, 128 bytes a buffer, whole block by software; DTCM needs the AHB bus. */
static void mdma_copy(void *to, const void *from, uint32_t bytes, uint32_t buses)
{
  mdma_begin((uintptr_t)from, (uintptr_t)to, bytes);
  MDMA_C0TCR = (1u << 30) | (1u << 28) | ((128u - 1u) << 18) | (2u << 10) | (2u << 8) | (2u << 6) | (2u << 4) |
               (2u << 2) | 2u;
  MDMA_C0TBR = buses; /* SBUS 16, DBUS 17 */
  MDMA_C0CR = 1u;
  MDMA_C0CR = 1u | (1u << 16);
  mdma_wait();
}

static void report(uint32_t seen, uint32_t right)
{
  guest_result[0] = seen;
  guest_result[1] = right;
}

/* DMA writes what the D-cache holds. */
static void dma_writes(void)
{
  buffer[0] = OLD;
  SCB_CleanDCache();
  (void)*(volatile uint32_t *)buffer;
  outside[0] = NEW;
  mdma_copy(buffer, outside, BYTES, 1u << 16);
  if (maintain) {
    SCB_InvalidateDCache_by_Addr(buffer, BYTES);
  }
  report(*(volatile uint32_t *)buffer, NEW);
}
/* DMA reads what the core wrote. */
static void dma_reads(void)
{
  buffer[0] = OLD;
  SCB_CleanDCache();
  buffer[0] = NEW;
  if (maintain) {
    SCB_CleanDCache_by_Addr(buffer, BYTES);
  }
  mdma_copy(outside, buffer, BYTES, 1u << 17);
  report(*(volatile uint32_t *)outside, NEW);
}
/* A buffer that shares a dirty line with other data. */
static void shared_line(void)
{
  outside[0] = NEW;
  shared.counter = 1;
  if (maintain) {
    SCB_CleanInvalidateDCache_by_Addr(&shared, sizeof(shared));
  }
  mdma_copy(shared.received, outside, HALF, 1u << 16);
  SCB_CleanInvalidateDCache();
  report(*(volatile uint32_t *)shared.received, NEW);
}
/* The flash chip is programmed under the D-cache. */
static void flash_data(void)
{
  const uint32_t value = NEW;
  window_open();
  (void)REGISTER(WINDOW + 0x1000u);
  window_program(0x1000u, &value, sizeof(value));
  if (maintain) {
    SCB_InvalidateDCache_by_Addr((void *)(WINDOW + 0x1000u), BYTES);
  }
  report(REGISTER(WINDOW + 0x1000u), NEW);
}
static uint32_t call(uintptr_t function)
{
  return ((uint32_t(*)(void))(function | 1u))();
}

/* Code written by the core, and what it needs to be seen: clean, and (once it was executed) invalidate the I-cache. */
static void write_code(uint32_t executed, uint32_t clean, uint32_t invalidate)
{
  code[0] = 0x2001; /* movs r0, #1 */
  code[1] = 0x4770; /* bx lr */
  SCB_CleanDCache();
  SCB_InvalidateICache();
  if (executed) {
    (void)call((uintptr_t)code);
  }
  code[0] = 0x2002;
  __DSB();
  if (clean) {
    SCB_CleanDCache_by_Addr(code, BYTES);
  }
  if (invalidate) {
    SCB_InvalidateICache_by_Addr(code, BYTES);
  }
  report(call((uintptr_t)code), 2);
}

static void code_not_cleaned(void)
{
  write_code(0, maintain, 0);
}

static void code_not_invalidated(void)
{
  write_code(1, 1, maintain);
}

/* The flash chip is programmed under the I-cache. */
static void flash_code(void)
{
  const uint16_t first[2] = { 0x20ff, 0x4770 };
  const uint16_t second = 0x2002; /* movs r0, #255 with bits cleared */
  window_open();
  window_program(0x2000u, first, sizeof(first));
  SCB_InvalidateICache();
  (void)call(WINDOW + 0x2000u);
  window_program(0x2000u, &second, sizeof(second));
  if (maintain) {
    SCB_InvalidateICache();
  }
  report(call(WINDOW + 0x2000u), 2);
}

/* Shareable memory is not cached. */
static void shareable(void)
{
  MPU->RNR = 0;
  MPU->RBAR = 0x24000000u;
  MPU->RASR = (3u << MPU_RASR_AP_Pos) | (1u << MPU_RASR_TEX_Pos) | MPU_RASR_C_Msk | MPU_RASR_B_Msk |
              (maintain ? MPU_RASR_S_Msk : 0u) | (18u << MPU_RASR_SIZE_Pos) | MPU_RASR_ENABLE_Msk;
  MPU->CTRL = MPU_CTRL_ENABLE_Msk | MPU_CTRL_PRIVDEFENA_Msk;
  __DSB();
  __ISB();
  buffer[0] = NEW;
  mdma_copy(outside, buffer, BYTES, 1u << 17);
  report(*(volatile uint32_t *)outside, NEW);
}

static void (*const cases[])(void) = {
  dma_writes, dma_reads, shared_line, flash_data, code_not_cleaned, code_not_invalidated, flash_code, shareable,
};

int main(void)
{
  RCC->AHB3ENR |= RCC_AHB3ENR_MDMAEN;
  (void)RCC->AHB3ENR;
  for (uint32_t word = 0; word < BYTES / 4u; word++) {
    buffer[word] = 0;
  }
  SCB_EnableICache();
  SCB_EnableDCache();
  maintain = guest_argument[1];
  cases[guest_argument[0]]();
  return 0;
}
