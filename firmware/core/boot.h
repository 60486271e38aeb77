/* What a board runs: docs/protocol.md, section 8, rows 1 to 8. */
#ifndef BOOT_H
#define BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "external.h"
#include "protocol.h"

enum boot_outcome {
  BOOT_STAY,             /* serve, over USB or for a probe; `reason` says why */
  BOOT_RUN,              /* run `address` now, before anything else is started */
  BOOT_RUN_AFTER_WINDOW, /* start USB and serve; when no HELLO comes, `address` runs after a reset */
};

struct boot_decision {
  enum boot_outcome outcome;
  enum boot_reason reason; /* REASON_NONE unless the outcome is BOOT_STAY */
  uint32_t address;        /* 0 when the outcome is BOOT_STAY */
  bool probe;              /* BOOT_STAY: requests come through a debug probe; USB is not started */
};

/* All that the decision depends on. */
struct boot_facts {
  uint32_t request;         /* PORT_BACKUP_REQUEST */
  uint32_t request_address; /* PORT_BACKUP_ADDRESS */
  bool flash;               /* the chip answers and is known */
  bool log_broken;          /* the log cannot be believed */
  bool unfinished;          /* or the journal cannot be read */
  uint32_t stored;          /* boot address of the log */
  bool vectors_read;        /* `stack` and `reset` were read from the address in question */
  uint32_t stack;
  uint32_t reset;
  bool unsigned_application; /* the policy wants a signature, which is missing or does not fit */
  bool host;                /* a USB host is attached */
};

/* The address in question: the request's, or the stored one. */
uint32_t boot_address(const struct boot_facts *facts);

bool boot_in_application(uint32_t address);

/* Is all of the range inside the application region? */
bool boot_range_in_application(struct range range);

/* A vector table that can be jumped to? `address` is where it stands. */
bool boot_plausible(uint32_t address, uint32_t stack, uint32_t reset);

/* Pure. */
struct boot_decision boot_judge(const struct boot_facts *facts);

/*
 * The facts about flash, journal, log and vectors for a request (0: none). The chip, the journal and the log have been
 * read before. `host` and `unsigned_application` are false: what they cost is paid only when the decision needs it.
 */
struct boot_facts boot_collect(uint32_t request, uint32_t request_address);

#endif
