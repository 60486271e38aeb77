/* Writing a small record into external flash: one program operation, read back. */
#ifndef SLOT_H
#define SLOT_H

#include "external.h"

/* slot_step: the flash does not hold the record that was written. */
#define SLOT_ERROR_VERIFY (-100)
#define SLOT_SIZE_MAX 128u

enum slot_phase { SLOT_ERASE, SLOT_ERASING, SLOT_PROGRAM, SLOT_PROGRAMMING, SLOT_CHECK };

struct slot_writer {
  enum slot_phase phase;
  uint32_t address;     /* the slot lies in one page */
  const uint8_t *bytes; /* stay until the last step */
  size_t size;          /* up to SLOT_SIZE_MAX */
};

/* With `erase`, the slot's sector is erased first. */
void slot_write(struct slot_writer *writer, struct slot_writer what, bool erase);

/*
 * Until it no longer returns PORT_BUSY: PORT_OK when the record was read back, an error of the port, or
 * SLOT_ERROR_VERIFY.
 */
int slot_step(struct slot_writer *writer);

/* A program was tried: the slot is spent whatever comes of it. */
bool slot_spent(const struct slot_writer *writer);

/* Only 1 bits; `size` is a multiple of 4. */
bool slot_blank(const uint8_t *bytes, size_t size);

#endif
