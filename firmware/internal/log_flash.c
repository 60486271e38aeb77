/* The log in internal flash. RM0433 sections 4.3.9 (programming) and 4.3.12 (ECC); ARMv7-M ARM B3.2.8 (CCR). */
#include <string.h>

#include "port.h"
#include "stm32h750.h"
#include "time.h"

#define LOG_ADDRESS 0x08010000u
#define WORD_WORDS (PORT_LOG_WORD_SIZE / 4u)
#define WORD_DOUBLEWORDS (PORT_LOG_WORD_SIZE / 8u)
/* DS12556, flash memory characteristics: a flash word takes at most 200 us. */
#define PROGRAM_US 2000u

#define SR1_BUSY (FLASH_SR1_BSY1 | FLASH_SR1_WBNE1 | FLASH_SR1_QW1)
#define SR1_ERRORS                                                                                          \
  (FLASH_SR1_WRPERR1 | FLASH_SR1_PGSERR1 | FLASH_SR1_STRBERR1 | FLASH_SR1_INCERR1 | FLASH_SR1_OPERR1)
#define CCR1_PROGRAM                                                                                        \
  (FLASH_CCR1_CLR_EOP1 | FLASH_CCR1_CLR_WRPERR1 | FLASH_CCR1_CLR_PGSERR1 | FLASH_CCR1_CLR_STRBERR1 |         \
   FLASH_CCR1_CLR_INCERR1 | FLASH_CCR1_CLR_OPERR1)
#define CCR1_ECC (FLASH_CCR1_CLR_SNECCERR1 | FLASH_CCR1_CLR_DBECCERR1)

static uint32_t last_error;

/*
 * A word whose programming was cut off may hold a double ECC error: the read ends in a bus error. At the priority that
 * FAULTMASK gives, with BFHFNMIGN set, precise data bus faults are ignored: the load returns something, and CFSR and
 * FLASH_SR1 tell. Interrupts wait meanwhile: some microseconds at most.
 */
static void guard_begin(void)
{
  __set_FAULTMASK(1);
  SCB->CCR |= SCB_CCR_BFHFNMIGN_Msk;
  __DSB();
}

/* Was everything read without an error since guard_begin? */
static bool guard_end(void)
{
  __DSB();
  bool faulted = (SCB->CFSR & SCB_CFSR_BUSFAULTSR_Msk) != 0;
  bool corrupt = (FLASH->SR1 & FLASH_SR1_DBECCERR1) != 0;
  if (faulted || corrupt) {
    SCB->CFSR = SCB_CFSR_BUSFAULTSR_Msk; /* write 1 to clear */
    FLASH->CCR1 = CCR1_ECC;
  }
  SCB->CCR &= ~SCB_CCR_BFHFNMIGN_Msk;
  __DSB();
  __set_FAULTMASK(0);
  return !faulted && !corrupt;
}

/* Doublewords: the flash has a 64-bit bus. */
static const volatile uint64_t *word_at(uint32_t index)
{
  return (const volatile uint64_t *)(LOG_ADDRESS + index * PORT_LOG_WORD_SIZE);
}

static bool read_guarded(uint32_t index, uint64_t copy[WORD_DOUBLEWORDS])
{
  const volatile uint64_t *source = word_at(index);
  guard_begin();
  for (uint32_t i = 0; i < WORD_DOUBLEWORDS; i += 1u) {
    copy[i] = source[i];
  }
  return guard_end();
}

int port_log_start(void)
{
  return PORT_OK;
}

int port_log_read(uint32_t index, uint8_t word[PORT_LOG_WORD_SIZE])
{
  uint64_t copy[WORD_DOUBLEWORDS];
  /* A flag left over from an earlier read must not condemn this word: only a second failure is its own. */
  if (!read_guarded(index, copy) && !read_guarded(index, copy)) {
    return PORT_ERROR_ECC;
  }
  memcpy(word, copy, sizeof copy);
  return PORT_OK;
}

bool port_log_blank(uint32_t index, uint32_t count)
{
  const volatile uint64_t *source = word_at(index);
  uint64_t ones = UINT64_MAX;
  guard_begin();
  for (uint32_t i = 0; i < count * WORD_DOUBLEWORDS; i += 1u) {
    ones &= source[i];
  }
  return guard_end() && ones == UINT64_MAX;
}

static void unlock(void)
{
  if ((FLASH->CR1 & FLASH_CR1_LOCK1) != 0) {
    FLASH->KEYR1 = FLASH_KEY1;
    FLASH->KEYR1 = FLASH_KEY2;
  }
}

int port_log_program(uint32_t index, const uint8_t word[PORT_LOG_WORD_SIZE])
{
  volatile uint32_t *target = (volatile uint32_t *)(LOG_ADDRESS + index * PORT_LOG_WORD_SIZE);
  if (!time_wait_bits(&FLASH->SR1, SR1_BUSY, 0, PROGRAM_US)) {
    last_error = FLASH->SR1;
    return PORT_ERROR_LOG;
  }
  unlock();
  FLASH->CCR1 = CCR1_PROGRAM;
  FLASH->CR1 = FLASH_CR1_PG1 | FLASH_CR1_PSIZE1(3);
  __ISB();
  __DSB();
  for (uint32_t i = 0; i < WORD_WORDS; i += 1u) {
    target[i] = __UNALIGNED_UINT32_READ(word + 4u * i);
  }
  __ISB();
  __DSB();
  bool done = time_wait_bits(&FLASH->SR1, SR1_BUSY, 0, PROGRAM_US);
  last_error = FLASH->SR1;
  FLASH->CCR1 = CCR1_PROGRAM;
  FLASH->CR1 = FLASH_CR1_PSIZE1(3) | FLASH_CR1_LOCK1;
  return done && (last_error & SR1_ERRORS) == 0 ? PORT_OK : PORT_ERROR_LOG;
}

const char port_log_error_text[] = "the flash did not take the log's word: FLASH_SR1 was #";

uint32_t port_log_error(void)
{
  return last_error;
}
