/* Random bytes. RM0433, "True random number generator (RNG)": noise with the chip's own health tests, and two of ours on top. */
#include <string.h>

#include "port.h"
#include "stm32h750.h"
#include "time.h"

#define HSI48_US 1000u
/* Four words take some 220 clocks of 48 MHz once the conditioning is filled; the first after enabling several times that. */
#define READY_US 2000u
#define SR_FAULTS (RNG_SR_CECS | RNG_SR_SECS | RNG_SR_CEIS | RNG_SR_SEIS)

static uint32_t last_status;

/* RNG_CR.CED stays 0: the clock detector is on. Its clock is HSI48 by the reset value of RNGSEL, which USB runs on, too. */
static bool start(void)
{
  RCC->CR |= RCC_CR_HSI48ON;
  bool running = time_wait_bits(&RCC->CR, RCC_CR_HSI48RDY, RCC_CR_HSI48RDY, HSI48_US);
  RCC->D2CCIP2R = (RCC->D2CCIP2R & ~RCC_D2CCIP2R_RNGSEL_MASK) | RCC_D2CCIP2R_RNGSEL(RCC_RNGSEL_HSI48);
  RCC->AHB2ENR |= RCC_AHB2ENR_RNGEN;
  (void)RCC->AHB2ENR;
  /* A noise source that failed before is started afresh ("Error management"), its flags gone. */
  RCC->AHB2RSTR |= RCC_AHB2RSTR_RNGRST;
  RCC->AHB2RSTR &= ~RCC_AHB2RSTR_RNGRST;
  RNG->CR = RNG_CR_RNGEN;
  return running;
}

static void stop(void)
{
  RNG->CR = 0;
  RCC->AHB2ENR &= ~RCC_AHB2ENR_RNGEN;
}

/* 0 is not a value: a seed error between DRDY and the read gives it (RNG_DR). */
static bool next_word(uint32_t *word)
{
  bool ready = time_wait_bits(&RNG->SR, RNG_SR_DRDY, RNG_SR_DRDY, READY_US);
  *word = ready ? RNG->DR : 0;
  last_status = RNG->SR;
  return *word != 0 && (last_status & SR_FAULTS) == 0;
}

/* The first word only serves to compare the second with: a source that is stuck repeats itself. */
static bool draw(uint8_t *bytes, size_t size)
{
  uint32_t before;
  if (!next_word(&before)) {
    return false;
  }
  for (size_t done = 0; done < size;) {
    uint32_t word;
    if (!next_word(&word) || word == before) {
      return false;
    }
    const size_t part = size - done < sizeof word ? size - done : sizeof word;
    memcpy(bytes + done, &word, part);
    done += part;
    before = word;
  }
  return true;
}

int port_random(uint8_t *bytes, size_t size)
{
  bool good = start();
  last_status = RNG->SR;
  good = good && draw(bytes, size);
  stop();
  if (!good) {
    memset(bytes, 0, size);
  }
  return good ? PORT_OK : PORT_ERROR_RNG;
}

uint32_t port_random_error(void)
{
  return last_status;
}
