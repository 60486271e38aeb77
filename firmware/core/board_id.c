#include "board_id.h"

#include "bytes.h"

#define BASE 31u
#define DIGITS 20u
#define GROUP 7u

/* Divides the 96-bit number by the base, in 16-bit limbs so that no 64-bit division is needed; returns the rest. */
static uint32_t divide(uint16_t limbs[6])
{
  uint32_t rest = 0;
  for (unsigned i = 6; i-- > 0;) {
    const uint32_t part = rest << 16 | limbs[i];
    limbs[i] = (uint16_t)(part / BASE);
    rest = part % BASE;
  }
  return rest;
}

void board_id(const uint8_t unique_id[12], char text[BOARD_ID_LENGTH + 1u])
{
  static const char alphabet[BASE + 1u] = "0123456789ABCDEFGHJKMNPQRTVWXYZ";
  uint16_t limbs[6];
  uint8_t digits[DIGITS + 1u];
  uint32_t check = 0;
  for (unsigned i = 0; i < 6; i += 1) {
    limbs[i] = load_u16(unique_id + 2u * i);
  }
  for (unsigned i = DIGITS; i-- > 0;) {
    digits[i] = (uint8_t)divide(limbs);
    check += (i + 1u) * digits[i];
  }
  digits[DIGITS] = (uint8_t)(check % BASE);
  char *to = text;
  for (unsigned i = 0; i <= DIGITS; i += 1) {
    if (i > 0 && i % GROUP == 0) {
      *to++ = '-';
    }
    *to++ = alphabet[digits[i]];
  }
  *to = '\0';
}
