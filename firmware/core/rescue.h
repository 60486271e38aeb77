/*
 * Bytes that nobody asked to change and that share an erase unit with some that shall (docs/protocol.md, sections 5.9
 * and 9): they are saved before the erase, and put back when it was cut off.
 */
#ifndef RESCUE_H
#define RESCUE_H

#include <stdbool.h>

#include "journal.h"

/* The board starts: nothing is under way. */
void rescue_reset(void);

/* The chip may have been cut off in the middle of an operation: what it was at reads right, or seems to. */
void rescue_renew(void);

/* What the journal says is to be put back, is put back; what is under way already goes on. */
void rescue_start(void);

/* There is work. rescue_step until there is none, before anything else is done with the flash. */
bool rescue_pending(void);

/* PORT_BUSY: the chip works, call again later. PORT_OK: all is as it was, or cannot be made so. */
int rescue_step(void);

/* Bytes that are copied at once: no more than a page. */
uint32_t rescue_part(void);

/* Address of the rescue sector. */
uint32_t rescue_address(void);

#endif
