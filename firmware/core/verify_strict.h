/* Ed25519 as RFC 8032, section 5.1.7, has it, over the verifier of the npm package ed25519-supercop. */
#ifndef VERIFY_STRICT_H
#define VERIFY_STRICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFY_KEY_SIZE 32u
#define VERIFY_SIGNATURE_SIZE 64u

/* Has `signature` of `message` been made with the private key of `key`? Some milliseconds on the chip. */
bool verify_strict(const uint8_t signature[VERIFY_SIGNATURE_SIZE], const uint8_t *message, size_t size,
                   const uint8_t key[VERIFY_KEY_SIZE]);

/* Is the key a point of the curve? No signature would ever hold under one that is not. */
bool verify_key_usable(const uint8_t key[VERIFY_KEY_SIZE]);

#endif
