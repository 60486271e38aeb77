#include <string.h>

#include "bytes.h"
#include "hash.h"
#include "requests.h"

#define BLOCK_MIN 256u
#define BLOCK_MAX (1u << 24)
#define DIGEST_MIN 4u

enum step request_read(struct operation *operation)
{
  struct reader reader = reader_of(operation->payload, operation->length);
  const uint32_t address = read_u32(&reader);
  const struct range range = { address, read_u16(&reader) };
  if (range.length == 0 || range.length > PROTOCOL_DATA_MAX) {
    return operation_refuse(operation, "READ: length must be 1 to 4096");
  }
  if (operation_range_allowed(operation, range, false)) {
    (void)operation_read(operation, address, range.length, message_room(operation->answer, range.length));
  }
  return STEP_DONE;
}

struct hash_request {
  uint32_t block;
  uint8_t digest;
};

/* Checks the request into operation->range; the sizes of block and digest are read again at every slice. */
static struct hash_request hash_request(struct operation *operation)
{
  struct reader reader = reader_of(operation->payload, operation->length);
  operation->range.address = read_u32(&reader);
  operation->range.length = read_u32(&reader);
  const uint32_t block = read_u32(&reader);
  return (struct hash_request){ block, read_u8(&reader) };
}

static bool hash_allowed(struct operation *operation, struct hash_request request)
{
  if (request.block < BLOCK_MIN || request.block > BLOCK_MAX || (request.block & (request.block - 1u)) != 0) {
    operation_refuse(operation, "HASH: block must be a power of two from 256 to 2^24");
    return false;
  }
  if (request.digest < DIGEST_MIN || request.digest > HASH_SIZE || operation->range.length == 0) {
    operation_refuse(operation, "HASH: digest must be 4 to 32, length at least 1");
    return false;
  }
  if (!operation_range_allowed(operation, operation->range, false)) {
    return false;
  }
  const uint32_t count = (operation->range.length - 1u) / request.block + 1u;
  if (count > PROTOCOL_DATA_MAX / request.digest) {
    operation_refuse(operation, "HASH: count x digest must be at most 4096");
    return false;
  }
  return true;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
  return a < b ? a : b;
}

/* Hashes one slice, ending and beginning digests where blocks end. */
static int hash_blocks(struct operation *operation, struct hash_request request)
{
  const uint32_t end = operation->position + smaller(operation->range.length - operation->position, EXTERNAL_HASHED);
  while (operation->position < end) {
    const uint32_t in_block = operation->position & (request.block - 1u);
    const uint32_t left = request.block - in_block;
    const uint32_t part = smaller(left, end - operation->position);
    if (in_block == 0) {
      port_sha256_begin();
    }
    int result = external_hash(operation->range.address + operation->position, part);
    if (result < 0) {
      return result;
    }
    operation->position += part;
    if (part == left || operation->position == operation->range.length) {
      uint8_t digest[HASH_SIZE];
      result = port_sha256_end(digest);
      if (result < 0) {
        return result;
      }
      message_bytes(operation->answer, digest, request.digest);
    }
  }
  return PORT_OK;
}

enum step request_hash(struct operation *operation)
{
  const struct hash_request request = hash_request(operation);
  if (operation->phase == 0) {
    if (!hash_allowed(operation, request)) {
      return STEP_DONE;
    }
    operation->phase = 1;
  }
  if (operation->cancelled) {
    return STEP_DONE;
  }
  const int result = hash_blocks(operation, request);
  if (result < 0) {
    return operation_fail_port(operation, result, operation->range.address + operation->position);
  }
  return operation->position < operation->range.length ? STEP_AGAIN : STEP_DONE;
}

enum step request_verify(struct operation *operation)
{
  static struct hash hash;
  struct reader reader = reader_of(operation->payload, operation->length);
  const uint32_t address = read_u32(&reader);
  const struct range range = { address, read_u32(&reader) };
  if (operation->phase == 0) {
    if (range.length == 0) {
      return operation_refuse(operation, "VERIFY: length must be at least 1");
    }
    if (!operation_range_allowed(operation, range, false)) {
      return STEP_DONE;
    }
    hash_start(&hash, range);
    operation->phase = 1;
  }
  if (operation->cancelled) {
    return STEP_DONE;
  }
  uint8_t digest[HASH_SIZE];
  const int result = hash_step(&hash, digest);
  if (result < 0) {
    return operation_fail_port(operation, result, address);
  }
  if (result == PORT_BUSY) {
    return STEP_AGAIN;
  }
  if (memcmp(digest, reader.next, HASH_SIZE) != 0) {
    return operation_fail(operation, &(struct failure){ ERROR_VERIFY_FAILED, address,
                                                        "SHA-256 of the % bytes at # is not the expected one",
                                                        { range.length, address } });
  }
  return STEP_DONE;
}
