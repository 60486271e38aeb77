#include "hash.h"

void hash_start(struct hash *hash, struct range range)
{
  *hash = (struct hash){ .range = range };
  port_sha256_begin();
}

int hash_step(struct hash *hash, uint8_t digest[HASH_SIZE])
{
  const uint32_t left = hash->range.length - hash->position;
  const uint32_t size = left < EXTERNAL_HASHED ? left : EXTERNAL_HASHED;
  const int result = external_hash(hash->range.address + hash->position, size);
  if (result < 0) {
    return result;
  }
  hash->position += size;
  return size < left ? PORT_BUSY : port_sha256_end(digest);
}
