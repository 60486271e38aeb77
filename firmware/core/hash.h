/* SHA-256 of a range of external flash, a slice at a time. */
#ifndef HASH_H
#define HASH_H

#include "external.h"

#define HASH_SIZE 32u

struct hash {
  struct range range;
  uint32_t position; /* bytes done */
};

/* One at a time. */
void hash_start(struct hash *hash, struct range range);

/* One slice: PORT_BUSY while there is more, PORT_OK once `digest` is complete, or an error of the port. */
int hash_step(struct hash *hash, uint8_t digest[HASH_SIZE]);

#endif
