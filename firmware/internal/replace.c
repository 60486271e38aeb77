/*
 * Replacing the internal flash's one sector, bootloader included. RM0433 sections 4.3.9 (programming) and 4.3.10 (erase).
 * While the sector is erased nothing can be fetched or read from it: all that runs then lies in ITCM and calls nothing
 * outside of it. The vector table's first words are programmed last: a chip whose power failed on the way runs nothing.
 */
#include <stdbool.h>
#include <string.h>

#include "placement.h"
#include "port.h"
#include "stm32h750.h"
#include "usb_device.h"

#define RAM_CODE __attribute__((section(".ram_code"), noinline))

#define SECTOR_ADDRESS 0x08000000u
#define WORD_WORDS (PORT_LOG_WORD_SIZE / 4u)
#define ATTEMPTS 5u
/* DS12556: a sector is erased in at most 4 s, a flash word programmed in at most 200 us. */
#define ERASE_MS 8000u
#define PROGRAM_CYCLES (480u * 2000u) /* 2 ms at 480 MHz, the most that there is */

#define SR1_BUSY (FLASH_SR1_BSY1 | FLASH_SR1_WBNE1 | FLASH_SR1_QW1)
#define SR1_ERRORS                                                                                          \
  (FLASH_SR1_WRPERR1 | FLASH_SR1_PGSERR1 | FLASH_SR1_STRBERR1 | FLASH_SR1_INCERR1 | FLASH_SR1_OPERR1)
#define CCR1_ALL                                                                                            \
  (FLASH_CCR1_CLR_EOP1 | FLASH_CCR1_CLR_WRPERR1 | FLASH_CCR1_CLR_PGSERR1 | FLASH_CCR1_CLR_STRBERR1 |         \
   FLASH_CCR1_CLR_INCERR1 | FLASH_CCR1_CLR_OPERR1 | FLASH_CCR1_CLR_SNECCERR1 | FLASH_CCR1_CLR_DBECCERR1)

#define AIRCR_RESET (0x05FAu << SCB_AIRCR_VECTKEY_Pos | SCB_AIRCR_SYSRESETREQ_Msk)

extern uint8_t ram_code_start[];
extern const uint8_t ram_code_load[];
extern const uint8_t ram_code_size[]; /* its address is the number of bytes */

RAM_CODE static bool settled(void)
{
  return (FLASH->SR1 & (SR1_BUSY | SR1_ERRORS)) == 0;
}

/*
 * An erase takes longer than a hardware watchdog waits. The core sleeps; SysTick, whose interrupt is masked, wakes it
 * every millisecond (ARMv7-M ARM, B1.5.19: a pending interrupt does, whatever PRIMASK says).
 */
RAM_CODE static bool await_erase(void)
{
  for (uint32_t ms = 0; (FLASH->SR1 & SR1_BUSY) != 0 && ms < ERASE_MS; ms += 1u) {
    IWDG->KR = IWDG_KEY_RELOAD;
    SCB->ICSR = SCB_ICSR_PENDSTCLR_Msk;
    __WFI();
  }
  return settled();
}

RAM_CODE static bool await_program(void)
{
  const uint32_t start = DWT->CYCCNT;
  while ((FLASH->SR1 & SR1_BUSY) != 0 && DWT->CYCCNT - start < PROGRAM_CYCLES) {
  }
  return settled();
}

RAM_CODE static bool erase(void)
{
  FLASH->CCR1 = CCR1_ALL;
  FLASH->CR1 = FLASH_CR1_SER1 | FLASH_CR1_PSIZE1(3);
  FLASH->CR1 = FLASH_CR1_SER1 | FLASH_CR1_PSIZE1(3) | FLASH_CR1_START1;
  __DSB();
  return await_erase();
}

/* A flash word, `from` with bytes of it left; what is missing stays 1. A word of ones stays blank. */
RAM_CODE static bool program(volatile uint32_t *target, const uint32_t *from, uint32_t words)
{
  uint32_t all = 0xFFFFFFFFu;
  for (uint32_t i = 0; i < words; i += 1u) {
    all &= from[i];
  }
  if (all == 0xFFFFFFFFu) {
    return true;
  }
  FLASH->CR1 = FLASH_CR1_PG1 | FLASH_CR1_PSIZE1(3);
  __ISB();
  __DSB();
  for (uint32_t i = 0; i < WORD_WORDS; i += 1u) {
    target[i] = i < words ? from[i] : 0xFFFFFFFFu;
  }
  __DSB();
  IWDG->KR = IWDG_KEY_RELOAD;
  return await_program();
}

/* A double ECC error is a bus fault, which FAULTMASK and BFHFNMIGN (port_sector_replace) turn into a flag. */
RAM_CODE static bool compare(const volatile uint32_t *target, const uint32_t *from, uint32_t words)
{
  bool equal = true;
  __set_FAULTMASK(1);
  for (uint32_t i = 0; i < words; i += 1u) {
    equal = target[i] == from[i] && equal;
  }
  __DSB();
  __set_FAULTMASK(0);
  return equal && (FLASH->SR1 & FLASH_SR1_DBECCERR1) == 0;
}

/* Programs and reads back `words` words at `target`. */
RAM_CODE static bool write(uint32_t target, const uint32_t *from, uint32_t words)
{
  for (uint32_t done = 0; done < words; done += WORD_WORDS) {
    const uint32_t left = words - done;
    if (!program((volatile uint32_t *)(target + 4u * done), from + done, left < WORD_WORDS ? left : WORD_WORDS)) {
      return false;
    }
  }
  return compare((const volatile uint32_t *)target, from, words);
}

RAM_CODE static bool write_all(const struct port_sector *sector)
{
  const uint32_t *image = (const uint32_t *)(const void *)sector->image;
  const uint32_t *log = (const uint32_t *)(const void *)sector->log;
  return erase() && write(SECTOR_ADDRESS + PORT_LOG_WORD_SIZE, image + WORD_WORDS, sector->length / 4u - WORD_WORDS) &&
         write(SECTOR_ADDRESS + sector->log_offset, log, sector->log_words * WORD_WORDS) &&
         write(SECTOR_ADDRESS, image, WORD_WORDS);
}

/* In a chip that is not alive any more after ATTEMPTS, nothing is left to be lost. */
RAM_CODE static void replace(const struct port_sector *sector)
{
  bool done = false;
  for (uint32_t attempt = 0; !done && attempt < ATTEMPTS; attempt += 1u) {
    done = write_all(sector);
  }
  SCB->AIRCR = AIRCR_RESET;
  __DSB();
  while (true) {
  }
}

static _Alignas(4) uint8_t staging[PORT_SECTOR_IMAGE_MAX] AXI_SRAM;

uint8_t *port_sector_staging(void)
{
  return staging;
}

int port_sector_replaceable(void)
{
  return (FLASH->WPSN_CUR1R & 1u) != 0 ? PORT_OK : PORT_ERROR_OPTION;
}

void port_sector_replace(const struct port_sector *sector)
{
  usb_stop();
  __disable_irq();
  memcpy(ram_code_start, ram_code_load, (uintptr_t)ram_code_size);
  __DSB();
  __ISB();
  if ((FLASH->CR1 & FLASH_CR1_LOCK1) != 0) {
    FLASH->KEYR1 = FLASH_KEY1;
    FLASH->KEYR1 = FLASH_KEY2;
  }
  SCB->CCR |= SCB_CCR_BFHFNMIGN_Msk;
  __DSB();
  replace(sector);
}
