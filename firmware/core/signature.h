/* Signed applications: docs/protocol.md, section 11.5. */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "external.h"
#include "verify_strict.h"

#define SIGNATURE_LENGTH_MIN 8u /* stack pointer and reset vector */

/* The bytes in flash, their address or the owner are not those that were signed; or nothing is stored. */
#define SIGNATURE_ERROR_WRONG (-102)

struct signature {
  struct range range;
  uint8_t bytes[VERIFY_SIGNATURE_SIZE];
};

/*
 * Begins to look whether the owner has signed the bytes in flash. Then signature_check_step, a slice at a time, until
 * it no longer returns PORT_BUSY: PORT_OK, SIGNATURE_ERROR_WRONG or an error of the port. One check at a time.
 */
void signature_check(const struct signature *signature);
int signature_check_step(void);

/*
 * The same for the application at `address` and the signature stored for it. Returns PORT_BUSY when signature_check_step
 * has to go on, otherwise what stands against the application already.
 */
int signature_check_application(uint32_t address);

/* Does the policy want a signature of what runs? */
bool signature_wanted(void);

/*
 * Begins to store a signature; writes nothing when it is the one that counts. Returns PORT_OK when there is nothing to
 * do, PORT_BUSY, or an error of the port. Then signature_store_step until it no longer returns PORT_BUSY, as slot_step.
 */
int signature_store(const struct signature *signature);
int signature_store_step(void);

/* Where the slot being written is, for messages. */
uint32_t signature_store_address(void);

#endif
