/* The journal in external flash, docs/protocol.md section 9: is a flashing unfinished? */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "external.h"

#define KEEP_SECTORS 16u     /* of a unit that a KEEP names, at most */
#define KEEP_NONE 0xFFu

/* What an erase unit holds that nobody asked to change. */
struct keep {
  uint32_t unit;     /* where it begins */
  uint16_t blank;    /* its sectors, lowest bit first, that are blank and shall be so */
  uint8_t sector;    /* index of the one whose content lies in the rescue sector; KEEP_NONE: none does */
  uint32_t crc;      /* of that content */
};

struct journal_state {
  bool readable;     /* false: it could not be read, and nothing else here counts */
  bool unfinished;
  struct range hull; /* of what is unfinished; 0, 0 when whole */
  struct keep keep;  /* blank is 0 and sector KEEP_NONE when there is nothing to put back */
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

/* As journal_write, with the state as it is and something to put back. */
void journal_write_keep(const struct keep *keep);
int journal_step(void);

#endif
