/* The log, docs/protocol.md sections 10 and 11.6: words that are appended, each once. */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

#define LOG_ERROR_FULL (-101)
#define LOG_KEY_SIZE 16u

enum log_kind {
  LOG_BOOT = 0x544F4F42,   /* "BOOT" */
  LOG_OWNER = 0x524E574F,  /* "OWNR" */
  LOG_POLICY = 0x59434C50, /* "PLCY" */
};

struct log_record {
  enum log_kind kind;
  uint32_t value;
  uint8_t key[LOG_KEY_SIZE];
};

/* Reads all words: the boot address, and through owner.h owner and policy. */
void log_read(void);

/* False: log_read found that nothing in the log can be believed. Nobody has a right then, and nothing is run. */
bool log_intact(void);

/* Where a restart boots. */
uint32_t log_boot_address(void);

/* Words left. */
uint32_t log_free(void);

/*
 * Appends a word. Returns its index, LOG_ERROR_FULL, or why it does not read back as written (PORT_ERROR_LOG, or what
 * keeps a log in external flash from being programmed); that word is spent then. What reads back counts, whatever the flash said of it: the next start will see it, too.
 */
int log_append(const struct log_record *record);

/* The record as a word. */
void log_encode(const struct log_record *record, uint8_t word[PORT_LOG_WORD_SIZE]);

/* The same as log_append for 32 raw bytes. */
int log_append_raw(const uint8_t word[PORT_LOG_WORD_SIZE]);

/* Could the bytes stand in the log without being taken for a record or for a free word? */
bool log_raw_allowed(const uint8_t word[PORT_LOG_WORD_SIZE]);

/* Stores a boot address; writes nothing when it is the one that counts. Returns PORT_OK or as log_append. */
int log_store_boot_address(uint32_t address);

#endif
