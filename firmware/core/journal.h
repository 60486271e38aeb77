/* The journal in external flash, docs/protocol.md section 9: is a flashing unfinished, and where was it? */
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

/* All ranges are whole sectors; 0, 0: none. */
struct journal_state {
  bool readable;       /* false: it could not be read, and nothing else here counts */
  bool unfinished;
  struct range hull;   /* of what is unfinished */
  struct range window; /* the only place where the chip is made to change anything */
  struct range doubt;  /* where it was cut off in the middle of that, and which was not erased since */
  struct keep keep;    /* blank is 0 and sector KEEP_NONE when there is nothing to put back */
};

/* Reads both sectors, after a start: what the window was, is in doubt. Returns PORT_OK or the port's error. */
int journal_read(void);

const struct journal_state *journal_state(void);

/* Unfinished, or not known to be whole. */
bool journal_unfinished(void);

/* Where the record being written goes, for messages. */
uint32_t journal_write_address(void);

/*
 * Begins to write a record: a flashing is unfinished, nothing is to be put back. Then journal_step until it no longer
 * returns PORT_BUSY: PORT_OK when the record was read back (journal_state tells it from then on), an error of the port,
 * or SLOT_ERROR_VERIFY (slot.h). After an error the state is as before and another record can be tried.
 */
void journal_write_begin(struct range hull, struct range window);

/* As journal_write_begin: all is whole, and nothing in doubt. */
void journal_write_whole(void);

/* As journal_write_begin: the window moves. What was to be put back outside of it is not any more. */
void journal_write_window(struct range window);

/* As journal_write_begin: something is to be put back, and lies in the window. */
void journal_write_keep(const struct keep *keep, struct range window);
int journal_step(void);

/* The range was erased; with the next record this is kept. Only what lies at the start of the doubt is taken from it. */
void journal_erased(struct range range);

/* The chip did not end what it was told to do: the window is in doubt. */
void journal_doubt(void);

#endif
