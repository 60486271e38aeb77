/* A frame in the making: an answer or an event, docs/protocol.md section 4. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

/* `capacity` counts payload bytes; `frame` has room for them, the header and the CRC. */
struct message {
  uint8_t *frame;
  size_t capacity;
  size_t length;
};

/* Payload: result 0, no body yet. */
void message_start(struct message *message);

void message_u8(struct message *message, uint8_t value);
void message_u16(struct message *message, uint16_t value);
void message_u32(struct message *message, uint32_t value);
void message_bytes(struct message *message, const uint8_t *bytes, size_t size);
void message_str8(struct message *message, const char *text);

/* Room for `size` bytes at the end of the payload, to be filled by the caller. */
uint8_t *message_room(struct message *message, size_t size);

/* The error's number and its sentence: in `format`, # stands for a value as 0x and 8 hex digits, $ for one as 0x
   and 2, % for a decimal. */
struct failure {
  enum error_code code;
  uint32_t detail;
  const char *format;
  uint32_t values[2];
};

/* Payload: the error, whatever was in it before. The sentence is cut at PROTOCOL_TEXT_MAX bytes. */
void message_failure(struct message *message, const struct failure *failure);

#endif
