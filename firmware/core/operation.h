/* A request being carried out, a slice at a time. */
#ifndef OPERATION_H
#define OPERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "external.h"
#include "message.h"

enum step {
  STEP_DONE,  /* the answer is complete */
  STEP_AGAIN, /* more to do at once */
  STEP_WAIT,  /* the flash chip is busy */
};

struct operation {
  const uint8_t *payload;
  size_t length;
  uint8_t type;
  uint8_t sequence;
  bool cancelled;      /* its session ended: stop where the chip allows, nobody waits for the answer */
  bool failed;
  uint8_t phase;       /* 0 at the first call; the handler's own afterwards */
  uint8_t index;       /* as the handler likes */
  uint32_t position;   /* as the handler likes, 0 at first */
  struct range range;
  struct message *answer;
};

/*
 * Called until it returns STEP_DONE, with the answer begun (result 0). No call takes more than a few hundred
 * microseconds, excepted UNPROTECT, what writes the log, and what checks a signature (some milliseconds each).
 */
typedef enum step (*request_handler)(struct operation *operation);

/* The answer becomes the error. Returns STEP_DONE. */
enum step operation_fail(struct operation *operation, const struct failure *failure);

/* BAD_REQUEST: `what` is wrong with the request. */
enum step operation_refuse(struct operation *operation, const char *what);

/* The answer becomes the error that the negative `result` of the port means at `address`. */
enum step operation_fail_port(struct operation *operation, int result, uint32_t address);

/* The answer becomes the error that the negative `result` of log.h means. */
enum step operation_fail_log(struct operation *operation, int result);

/* BAD_SIGNATURE for the application at `address`. */
enum step operation_fail_signature(struct operation *operation, uint32_t address);

/* WRITE_PROTECTED with the chip's status registers. */
enum step operation_fail_protected(struct operation *operation);

/* Inside the chip and, for `change`, outside the reserved regions? Otherwise the answer is the error. */
bool operation_range_allowed(struct operation *operation, struct range range, bool change);

/* Reads `length` bytes at `address`. Returns false when it failed: the answer is the error. */
bool operation_read(struct operation *operation, uint32_t address, uint32_t length, uint8_t *bytes);

#endif
