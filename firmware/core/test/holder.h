/* What a PC with keys does: keys, certificates and proofs, signed by OpenSSL. docs/protocol.md, section 11. */
#ifndef HOLDER_H
#define HOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "peer.h"

#define CERTIFICATE_SIZE 114u
#define PROVE_SIZE 178u

struct key {
  uint8_t secret[32];
  uint8_t public[32];
};

/* Always the same key for the same number. */
struct key holder_key(uint8_t number);
void holder_sign(const struct key *key, const uint8_t *message, size_t size, uint8_t signature[64]);

struct terms {
  uint8_t version;
  uint8_t rights;
  uint8_t board[12];
  uint8_t holder[32];
};

/* For the model's board, version 1. */
struct terms holder_terms(uint8_t rights, const struct key *holder);
void holder_certificate(const struct key *authority, const struct terms *terms, uint8_t certificate[CERTIFICATE_SIZE]);

struct challenge {
  uint8_t nonce[32];
  uint32_t session;
};

/* CHALLENGE; the answer must be good. */
struct challenge holder_challenge(void);

/* The payload of PROVE. */
void holder_proof(const struct key *holder, const struct challenge *challenge, const uint8_t *certificate,
                  uint8_t payload[PROVE_SIZE]);

/* Waits as long as ACCESS says, then CHALLENGE and PROVE with that certificate. */
struct reply holder_prove(const struct key *holder, const uint8_t *certificate);

/* The same with a certificate of `authority` for key 9, or for the authority itself when `rights` has the owner's bit. */
struct reply holder_prove_rights(const struct key *authority, uint8_t rights);

struct reply holder_claim(const struct key *authority);
struct reply holder_policy(uint8_t policy);

struct access_facts {
  uint8_t owned;
  uint8_t owner[32];
  uint8_t policy;
  uint8_t rights;
  uint32_t wait;
  uint8_t rdp;
};
struct access_facts holder_access(void);

/* A board that key 1 has claimed, with an open session that has proven nothing. */
void holder_claimed_board(void);

/* HELLO and what was proven before are gone; a reset that keeps backup registers and both flashes. */
void holder_reset(void);

#endif
