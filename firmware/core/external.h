/* The external flash chip as the core knows it: identification, counters, one scratch buffer, and addresses. */
#ifndef EXTERNAL_H
#define EXTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

#define EXTERNAL_SLICE 4096u  /* bytes that one slice of work reads at most */
#define EXTERNAL_HASHED 8192u /* bytes that one slice of work hashes at most: 160 us at 50 MB/s */
#define EXTERNAL_SECTOR 4096u /* the smallest erase size a chip must have: the journal's sectors */

struct external {
  int start; /* what port_flash_start said */
  struct port_flash_geometry geometry;
  uint32_t erased;     /* erase operations since reset */
  uint32_t programmed; /* program operations since reset */
};

extern struct external external;

/* Content read last; shared by whoever has the flash, valid until the caller returns to the main loop. */
extern uint8_t external_scratch[EXTERNAL_SLICE];

/* Identifies the chip and clears the counters. A geometry that cannot be used counts as PORT_ERROR_UNKNOWN. */
void external_start(void);

bool external_ready(void);

/* A range of addresses as the CPU sees them. */
struct range {
  uint32_t address;
  uint32_t length;
};

/* Is the range, which may be anything, inside `outer`? */
bool range_inside(struct range range, struct range outer);
bool range_overlaps(struct range range, struct range other);

/* From the first byte of both to the last; one of length 0 is nothing. */
struct range range_hull(struct range range, struct range other);

/* All of the chip. */
struct range external_range(void);

/* As the port's functions, but with addresses, and counted. */
int external_read(uint32_t address, uint8_t *bytes, size_t size);

/*
 * As external_read, for what the bootloader keeps for itself, which it reads after a power cut: what two reads in a row
 * agree on (of eight that all differ, the last). When the power fails in the middle of a program operation, all of its page
 * may read differently each time until its cells have settled, and beside a record that is cut off stand others that count.
 */
int external_read_settled(uint32_t address, uint8_t *bytes, size_t size);

int external_hash(uint32_t address, size_t size);
int external_erase(uint32_t address, uint32_t bytes);
int external_program(uint32_t address, const uint8_t *bytes, size_t size);

/* PORT_ERROR_PROTECTED when any block protection is on. */
int external_unprotected(void);

#endif
