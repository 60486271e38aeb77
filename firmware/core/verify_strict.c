#include "verify_strict.h"

#include <ed25519.h>
#include <ge.h>

/* The order of the group, RFC 8032 section 5.1: 2^252 + 27742317777372353535851937790883648493, little-endian. */
static const uint8_t order[32] = {
  0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
  [31] = 0x10,
};

/* The package looks at three bits of S only; without this, a second form of each signature would hold. */
static bool below_order(const uint8_t s[32])
{
  for (unsigned i = sizeof order; i-- > 0;) {
    if (s[i] != order[i]) {
      return s[i] < order[i];
    }
  }
  return false;
}

bool verify_strict(const uint8_t signature[VERIFY_SIGNATURE_SIZE], const uint8_t *message, size_t size,
                   const uint8_t key[VERIFY_KEY_SIZE])
{
  return below_order(signature + 32) && ed25519_verify(signature, message, size, key) == 1;
}

bool verify_key_usable(const uint8_t key[VERIFY_KEY_SIZE])
{
  ge_p3 point;
  return ge_frombytes_negate_vartime(&point, key) == 0;
}
