/* CRC-32 of docs/protocol.md by the CRC unit. RM0433 section 21.3. */
#include "port.h"
#include "stm32h750.h"

uint32_t port_crc32(const uint8_t *bytes, size_t size)
{
  RCC->AHB4ENR |= RCC_AHB4ENR_CRCEN;
  (void)RCC->AHB4ENR;
  /* Polynomial 04C11DB7h and initial value FFFFFFFFh are the reset values. Bits are reversed within each byte, and a word
     enters with its most significant byte first: hence REV for words, and no change of mode for the last bytes. */
  CRC->CR = CRC_CR_REV_IN(CRC_REV_IN_BYTE) | CRC_CR_REV_OUT | CRC_CR_RESET;
  while (size >= 4u) {
    CRC->DR = __REV(__UNALIGNED_UINT32_READ(bytes));
    bytes += 4;
    size -= 4u;
  }
  while (size > 0) {
    *(volatile uint8_t *)&CRC->DR = *bytes;
    bytes += 1;
    size -= 1u;
  }
  return ~CRC->DR;
}
