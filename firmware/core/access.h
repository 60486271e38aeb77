/* What the open session may, and how it proves it: docs/protocol.md, sections 11.3 and 11.4. */
#ifndef ACCESS_H
#define ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "operation.h"

#define ACCESS_NONCE_SIZE 32u
#define ACCESS_CERTIFICATE_SIZE 114u
#define ACCESS_PROOF_SIZE 64u

/* After a reset: the failed proofs of before it still count. */
void access_start(void);

/* The session, or the owner, is no longer the one that was proven to. */
void access_end(void);

/* Bits of enum right. */
uint8_t access_rights(void);

/* Has the session one of the rights `any`? 0: nobody needs one. Otherwise the answer is the error. */
bool access_allowed(struct operation *operation, uint8_t any);

/* ms until the next challenge is given. */
uint32_t access_wait(void);

/* Opens a challenge: PORT_OK and its nonce, or an error of port_random. */
int access_challenge(uint8_t nonce[ACCESS_NONCE_SIZE], uint32_t *session);

/*
 * A proof, in two steps of some milliseconds each; the challenge is spent and the failure counted before anything is
 * looked at, so that neither a new session nor a reset in between is a way around. 0, or the error's code.
 */
uint16_t access_check_certificate(const uint8_t certificate[ACCESS_CERTIFICATE_SIZE]);
uint16_t access_check_proof(const uint8_t certificate[ACCESS_CERTIFICATE_SIZE], const uint8_t proof[ACCESS_PROOF_SIZE]);

#endif
