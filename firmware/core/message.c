#include "message.h"

#include "bytes.h"
#include "frame.h"

uint8_t *message_room(struct message *message, size_t size)
{
  if (size > message->capacity - message->length) {
    size = message->capacity - message->length; /* no answer of the protocol comes here; the bound holds anyway */
  }
  uint8_t *room = message->frame + FRAME_HEADER + message->length;
  message->length += size;
  return room;
}

void message_bytes(struct message *message, const uint8_t *bytes, size_t size)
{
  if (size <= message->capacity - message->length) {
    memcpy(message_room(message, size), bytes, size);
  }
}

void message_u8(struct message *message, uint8_t value)
{
  message_bytes(message, &value, 1);
}

void message_u16(struct message *message, uint16_t value)
{
  uint8_t bytes[2];
  store_u16(bytes, value);
  message_bytes(message, bytes, sizeof bytes);
}

void message_u32(struct message *message, uint32_t value)
{
  uint8_t bytes[4];
  store_u32(bytes, value);
  message_bytes(message, bytes, sizeof bytes);
}

void message_str8(struct message *message, const char *text)
{
  const size_t length = strlen(text);
  message_u8(message, (uint8_t)length);
  message_bytes(message, (const uint8_t *)text, length);
}

void message_start(struct message *message)
{
  message->length = 0;
  message_u16(message, 0);
}

struct text {
  char bytes[PROTOCOL_TEXT_MAX + 1u];
  size_t length;
};

static void text_char(struct text *text, char c)
{
  if (text->length < PROTOCOL_TEXT_MAX) {
    text->bytes[text->length] = c;
    text->length += 1;
  }
}

static void text_hex(struct text *text, uint32_t value, unsigned bits)
{
  text_char(text, '0');
  text_char(text, 'x');
  for (unsigned shift = bits; shift > 0;) {
    shift -= 4;
    text_char(text, "0123456789abcdef"[value >> shift & 0xFu]);
  }
}

static void text_decimal(struct text *text, uint32_t value)
{
  char digits[10];
  size_t count = 0;
  do {
    digits[count] = (char)('0' + value % 10u);
    count += 1;
    value /= 10u;
  } while (value != 0);
  while (count > 0) {
    count -= 1;
    text_char(text, digits[count]);
  }
}

void message_failure(struct message *message, const struct failure *failure)
{
  struct text text = { .length = 0 };
  const uint32_t *value = failure->values;
  for (const char *c = failure->format; *c != '\0'; c += 1) {
    if (*c == '#') {
      text_hex(&text, *value++, 32);
    } else if (*c == '$') {
      text_hex(&text, *value++, 8);
    } else if (*c == '%') {
      text_decimal(&text, *value++);
    } else {
      text_char(&text, *c);
    }
  }
  text.bytes[text.length] = '\0';
  message->length = 0;
  message_u16(message, (uint16_t)failure->code);
  message_u32(message, failure->detail);
  message_str8(message, text.bytes);
}
