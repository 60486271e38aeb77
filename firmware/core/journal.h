/* The journal in external flash, docs/protocol.md section 9: is a flashing unfinished? */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "external.h"

struct journal_state {
  bool readable;     /* false: it could not be read, and nothing else here counts */
  bool unfinished;
  struct range hull; /* of what is unfinished; 0, 0 when whole */
};

/* Reads both sectors. Returns PORT_OK or the port's error. */
int journal_read(void);

const struct journal_state *journal_state(void);

/* Unfinished, or not known to be whole. */
bool journal_unfinished(void);

/* Where the record being written goes, for messages. */
uint32_t journal_write_address(void);

/*
 * Begins to write a record; `hull` is 0, 0 for whole. Then journal_step until it no longer returns PORT_BUSY:
 * PORT_OK when the record was read back (journal_state tells it from then on), an error of the port, or
 * SLOT_ERROR_VERIFY (slot.h). After an error the state is as before and another record can be tried.
 */
void journal_write(bool unfinished, struct range hull);
int journal_step(void);

#endif
