/* The log in internal flash, docs/protocol.md section 10: the stored boot address. */
#ifndef LOG_H
#define LOG_H

#include <stdint.h>

#define LOG_ERROR_FULL (-101)

/* Reads all words. */
void log_read(void);

/* Where a restart boots. */
uint32_t log_boot_address(void);

/* Words left. */
uint32_t log_free(void);

/*
 * Stores a boot address; writes nothing when it is the one that counts. Returns PORT_OK, LOG_ERROR_FULL, or
 * PORT_ERROR_LOG when the flash did not take the word; that word is spent then.
 */
int log_store_boot_address(uint32_t address);

#endif
