/*
 * The log where the internal flash is not ours: an append-only chain in external flash (docs/imssbl.md, "The log"). It
 * implements the log functions of port.h. A slot carries a word, a digest over it and all that came before, and a mark
 * that it counts. Each is programmed once; nothing is ever erased here.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include "port.h"

#define CHAIN_SLOT_SIZE 64u
#define CHAIN_LINK_SIZE 28u

/*
 * Reads all slots, and completes one whose mark a power cut has left out. PORT_OK; PORT_ERROR_CHAIN when a slot that once
 * counted is no longer what it was; or why the flash cannot be read.
 */
int chain_start(void);

/* As port_log_read and port_log_program. A slot that was cut off answers PORT_ERROR_ECC; one that does not hold what was
   written PORT_ERROR_LOG; what keeps the chip from programming is answered as it is. */
int chain_read(uint32_t index, uint8_t word[PORT_LOG_WORD_SIZE]);
/* From `index` on, that is: the words that are not blank come first. */
bool chain_blank(uint32_t index);
int chain_program(uint32_t index, const uint8_t word[PORT_LOG_WORD_SIZE]);

/* Address of the slot that was written last. */
uint32_t chain_failed_at(void);

#endif
