#include "quadspi.h"

#include "board.h"

#include "event.h"
#include "port.h"
#include "time.h"

#define FMODE_WRITE QUADSPI_CCR_FMODE(0)
#define FMODE_READ QUADSPI_CCR_FMODE(1)
#define FMODE_POLL QUADSPI_CCR_FMODE(2)
#define FMODE_MAPPED QUADSPI_CCR_FMODE(3)

/* A step of the controller: 32 bytes on one line at the lowest clock in use take 13 us. */
#define STEP_US 1000u

/* Clocks that NCS stays high: tSHSL2 of the W25Q128JV is 50 ns, so 6 at 100 MHz; after a read 10 ns suffice. */
#define CSHT_INDIRECT (6u - 1u)
#define CSHT_MAPPED (2u - 1u)

#define BANK (BOARD_FLASH_BANK == 2 ? QUADSPI_CR_FSEL : 0u)
#define ALL_FLAGS (QUADSPI_FCR_CTEF | QUADSPI_FCR_CTCF | QUADSPI_FCR_CSMF | QUADSPI_FCR_CTOF)

/* Not in the reference manual: the bit that the erratum's text calls the free-running clock. */
#define CCR_FREE_RUNNING_CLOCK 0x20000000u

static volatile bool matched;
static uint32_t control; /* QUADSPI_CR in indirect mode */

static bool wait_idle(void)
{
  return time_wait_bits(&QUADSPI->SR, QUADSPI_SR_BUSY, 0, STEP_US);
}

/*
 * ES0392, "QUADSPI internal timing criticality": after reset and whenever memory-mapped mode is left, the free-running
 * clock is switched on for a moment at the largest prescaler; the last write must come less than 127 kernel clocks
 * after the first one to CCR, so interrupts wait. (CCR is never cleared to 0 here: "QUADSPI hangs when QUADSPI_CCR is
 * cleared" in the same sheet.)
 */
static bool work_around_timing_criticality(void)
{
  QUADSPI->CR = 0;
  if (!wait_idle()) {
    return false;
  }
  uint32_t primask = __get_PRIMASK();
  __disable_irq();
  QUADSPI->CR = QUADSPI_CR_PRESCALER(255) | QUADSPI_CR_EN;
  QUADSPI->CCR = CCR_FREE_RUNNING_CLOCK;
  QUADSPI->CCR = CCR_FREE_RUNNING_CLOCK;
  QUADSPI->CR = 0;
  __set_PRIMASK(primask);
  return wait_idle();
}

static uint32_t log2_of(uint32_t power_of_two)
{
  return 31u - __CLZ(power_of_two);
}

int quadspi_start(uint32_t divider, uint32_t size)
{
  RCC->AHB3ENR |= RCC_AHB3ENR_QSPIEN;
  (void)RCC->AHB3ENR;
  if (!work_around_timing_criticality()) {
    return PORT_ERROR_TIMEOUT;
  }
  /* Data is sampled half a clock later (single data rate only): at 100 MHz the chip's 6 ns after the falling edge plus
     the pads leave no time otherwise. */
  control = QUADSPI_CR_PRESCALER(divider - 1u) | QUADSPI_CR_FTHRES(3) | QUADSPI_CR_SSHIFT | BANK | QUADSPI_CR_EN;
  QUADSPI->DCR = QUADSPI_DCR_FSIZE(log2_of(size) - 1u) | QUADSPI_DCR_CSHT(CSHT_INDIRECT);
  QUADSPI->CR = control;
  QUADSPI->FCR = ALL_FLAGS;
  NVIC_EnableIRQ(QUADSPI_IRQn);
  return PORT_OK;
}

int quadspi_abort(void)
{
  NVIC_DisableIRQ(QUADSPI_IRQn);
  QUADSPI->CR |= QUADSPI_CR_ABORT;
  bool idle = time_wait_bits(&QUADSPI->CR, QUADSPI_CR_ABORT, 0, STEP_US) && wait_idle();
  QUADSPI->CR = control;
  QUADSPI->FCR = ALL_FLAGS;
  NVIC_ClearPendingIRQ(QUADSPI_IRQn);
  NVIC_EnableIRQ(QUADSPI_IRQn);
  return idle ? PORT_OK : PORT_ERROR_TIMEOUT;
}

/* Waits for the end of a command; TCF is set at it, TEF when an address lies outside FSIZE. */
static int finish(void)
{
  bool complete = time_wait_bits(&QUADSPI->SR, QUADSPI_SR_TCF, QUADSPI_SR_TCF, STEP_US);
  bool wrong = (QUADSPI->SR & QUADSPI_SR_TEF) != 0;
  QUADSPI->FCR = ALL_FLAGS;
  if (!complete || wrong || !wait_idle()) {
    (void)quadspi_abort();
    return complete ? PORT_ERROR_BUS : PORT_ERROR_TIMEOUT;
  }
  return PORT_OK;
}

/* RM0433 section 23.3.6: a command starts with the last of the registers that it needs: CCR without an address, AR
   with one, DR when it writes data. */
static void begin(uint32_t ccr, uint32_t address)
{
  QUADSPI->CCR = ccr;
  if ((ccr & QUADSPI_CCR_ADMODE(3)) != 0) {
    QUADSPI->AR = address;
  }
}

int quadspi_command(uint32_t command, uint32_t address)
{
  if (!wait_idle()) {
    return PORT_ERROR_TIMEOUT;
  }
  begin(command | FMODE_WRITE, address);
  return finish();
}

/*
 * Waits until the first byte of a read is in the FIFO: the clock runs, the chip is addressed. From then on DR is read
 * without a look at the level: an access that needs more than the FIFO holds, or has room for, is held until it has (RM0433
 * section 23.3.7), a word's time at most.
 */
static bool wait_data(void)
{
  return time_wait_bits(&QUADSPI->SR, QUADSPI_SR_FTF, QUADSPI_SR_FTF, STEP_US);
}

static bool begin_read(uint32_t command, uint32_t address, uint8_t alternate, size_t size)
{
  if (!wait_idle()) {
    return false;
  }
  QUADSPI->DLR = (uint32_t)size - 1u;
  QUADSPI->ABR = alternate;
  begin(command | FMODE_READ, address);
  if (!wait_data()) {
    (void)quadspi_abort();
    return false;
  }
  return true;
}

int quadspi_read(uint32_t command, uint32_t address, uint8_t alternate, uint8_t *bytes, size_t size)
{
  if (!begin_read(command, address, alternate, size)) {
    return PORT_ERROR_TIMEOUT;
  }
  while (size >= 4u) {
    __UNALIGNED_UINT32_WRITE(bytes, QUADSPI->DR);
    bytes += 4;
    size -= 4u;
  }
  while (size > 0) {
    *bytes = *(volatile uint8_t *)&QUADSPI->DR;
    bytes += 1;
    size -= 1u;
  }
  return finish();
}

/* A block is hashed in 66 HCLK cycles while the chip clocks 64 bytes in 256 of them: nobody waits for the other. */
int quadspi_hash(uint32_t command, uint32_t address, uint8_t alternate, size_t size)
{
  if (!begin_read(command, address, alternate, size)) {
    return PORT_ERROR_TIMEOUT;
  }
  while (size >= 16u) {
    HASH->DIN = QUADSPI->DR;
    HASH->DIN = QUADSPI->DR;
    HASH->DIN = QUADSPI->DR;
    HASH->DIN = QUADSPI->DR;
    size -= 16u;
  }
  while (size > 0) {
    HASH->DIN = QUADSPI->DR;
    size -= 4u;
  }
  return finish();
}

int quadspi_write(uint32_t command, uint32_t address, const uint8_t *bytes, size_t size)
{
  if (!wait_idle()) {
    return PORT_ERROR_TIMEOUT;
  }
  QUADSPI->DLR = (uint32_t)size - 1u;
  begin(command | FMODE_WRITE, address);
  while (size >= 4u) {
    QUADSPI->DR = __UNALIGNED_UINT32_READ(bytes);
    bytes += 4;
    size -= 4u;
  }
  while (size > 0) {
    *(volatile uint8_t *)&QUADSPI->DR = *bytes;
    bytes += 1;
    size -= 1u;
  }
  return finish();
}

int quadspi_poll_start(uint32_t command, uint32_t mask, uint32_t interval)
{
  if (!wait_idle()) {
    return PORT_ERROR_TIMEOUT;
  }
  matched = false;
  QUADSPI->PSMKR = mask;
  QUADSPI->PSMAR = 0;
  QUADSPI->PIR = interval;
  QUADSPI->DLR = 0;
  QUADSPI->CR = control | QUADSPI_CR_APMS | QUADSPI_CR_SMIE;
  begin(command | FMODE_POLL, 0);
  return PORT_OK;
}

bool quadspi_poll_matched(void)
{
  return matched;
}

void QUADSPI_IRQHandler(void)
{
  if ((QUADSPI->SR & QUADSPI_SR_SMF) != 0) {
    QUADSPI->FCR = QUADSPI_FCR_CSMF;
    matched = true;
  }
  event_signal();
}

/*
 * ES0392, "Memory-mapped read of last memory byte fails": reading the last bytes inside FSIZE stalls the AXI bus. FSIZE
 * is therefore one larger than the chip, and the MPU lets nothing beyond the chip through.
 */
int quadspi_map(uint32_t command, uint8_t mode, uint32_t size)
{
  int result = quadspi_abort();
  if (result != PORT_OK) {
    return result;
  }
  NVIC_DisableIRQ(QUADSPI_IRQn);
  QUADSPI->DCR = QUADSPI_DCR_FSIZE(log2_of(size)) | QUADSPI_DCR_CSHT(CSHT_MAPPED);
  QUADSPI->ABR = mode;
  /* TCEN stays 0: NCS remains low between accesses, and nothing is prefetched anew. */
  QUADSPI->CCR = command | FMODE_MAPPED;
  return PORT_OK;
}
