/* SHA-256 by the hash processor. RM0433 section 35.4. */
#include "port.h"
#include "stm32h750.h"
#include "time.h"

#define BLOCK_US 100u /* 66 HCLK cycles a block; at 64 MHz about 1 us */

static uint32_t last_bits;

void port_sha256_begin(void)
{
  RCC->AHB2ENR |= RCC_AHB2ENR_HASHEN;
  (void)RCC->AHB2ENR;
  HASH->CR = HASH_CR_ALGO1 | HASH_CR_ALGO0 | HASH_CR_DATATYPE(HASH_DATATYPE_BYTES) | HASH_CR_INIT;
  last_bits = 0;
}

/* A block is computed when the first word of the next one comes in (section 35.4.4). Whoever writes DIN before it is
   done is held by wait states, so nobody has to look at BUSY. */
void port_sha256_add(const uint8_t *bytes, size_t size)
{
  while (size >= 4u) {
    HASH->DIN = __UNALIGNED_UINT32_READ(bytes);
    bytes += 4;
    size -= 4u;
  }
  if (size > 0) {
    uint32_t word = 0;
    for (size_t i = 0; i < size; i += 1u) {
      word |= (uint32_t)bytes[i] << (8u * i);
    }
    HASH->DIN = word;
    last_bits = (uint32_t)size * 8u;
  }
}

int port_sha256_end(uint8_t digest[32])
{
  HASH->STR = HASH_STR_NBLW(last_bits);
  HASH->STR = HASH_STR_NBLW(last_bits) | HASH_STR_DCAL;
  if (!time_wait_bits(&HASH->SR, HASH_SR_DCIS, HASH_SR_DCIS, BLOCK_US)) {
    return PORT_ERROR_BUS;
  }
  for (uint32_t i = 0; i < 8u; i += 1u) {
    uint32_t word = __REV(HASH->HASH_HR0[i]);
    __UNALIGNED_UINT32_WRITE(digest + 4u * i, word);
  }
  return PORT_OK;
}
