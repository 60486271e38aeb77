/* What the log says, carried over when the internal flash's sector is replaced: docs/protocol.md, section 13.3. */
#ifndef CARRY_H
#define CARRY_H

#include <stdint.h>

#include "port.h"

/* Owner and policy twice, and the boot address. */
#define CARRY_WORDS_MAX 7u

/* The words of a new log that says the same. Returns how many. */
uint32_t carry_words(uint8_t words[CARRY_WORDS_MAX][PORT_LOG_WORD_SIZE]);

/*
 * Saves a copy in the rescue sector (rescue.h), which must be free, for the case that the power fails while the sector is
 * blank. Then carry_step until it no longer returns PORT_BUSY: PORT_OK when it was read back, or as slot_step.
 */
void carry_save(void);
int carry_step(void);

/*
 * After log_read: takes from a copy what the log does not say, and makes the copy void. Waits for the flash chip, which
 * happens only after an update.
 */
void carry_restore(void);

#endif
