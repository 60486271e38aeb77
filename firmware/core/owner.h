/* Who owns the board, and the owner's policy: docs/protocol.md, section 11.6. */
#ifndef OWNER_H
#define OWNER_H

#include <stdbool.h>
#include <stdint.h>

#include "log.h"

#define OWNER_KEY_SIZE 32u

enum ownership {
  OWNER_NONE = 0,
  OWNER_CLAIMED = 1,  /* by the log */
  OWNER_COMPILED = 2, /* BOARD_OWNER of board.h */
  OWNER_UNKNOWN = 3,  /* the log cannot be believed: nobody can prove anything */
};

struct owner {
  enum ownership ownership;
  uint8_t key[OWNER_KEY_SIZE]; /* Ed25519 public key; zeros without an owner */
  uint8_t policy;              /* bits of enum policy; 0 without an owner */
};

const struct owner *owner(void);

/* For log_read: nothing is known yet; the next valid word. Kinds that are not the owner's are ignored. */
void owner_start(void);
void owner_take(const struct log_record *record);

/* For log_read: the log cannot be believed, whatever is compiled in. */
void owner_unknown(void);

/* Writes what a claim or a policy that was cut off has left out, so that no single unreadable word undoes it. */
void owner_repair(void);

/*
 * Each returns PORT_OK, LOG_ERROR_FULL when the log has not enough words for all of it, or as log_append. After an
 * error owner and policy are as before. What is already so is not written. `key` is one that log_raw_allowed.
 */
int owner_claim(const uint8_t key[OWNER_KEY_SIZE]);
int owner_release(void);
int owner_set_policy(uint8_t policy);

#endif
