/* Frames of docs/protocol.md, section 2: type u8 | sequence u8 | length u16 | payload | crc u32 under COBS. */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_PAYLOAD_MAX 4112u
#define FRAME_HEADER 4u
#define FRAME_CRC 4u
#define FRAME_MAX (FRAME_HEADER + FRAME_PAYLOAD_MAX + FRAME_CRC)
#define FRAME_WIRE_MAX 4138u

enum frame_event {
  FRAME_NONE, /* the frame goes on */
  FRAME_GOOD, /* `used` bytes of `out` are a frame whose length and CRC agree */
  FRAME_BAD,  /* a delimiter ended something that is no frame */
};

struct frame_decoder {
  uint8_t *out; /* FRAME_MAX bytes */
  size_t used;
  uint8_t run;       /* bytes still to come of the current COBS block */
  bool begun;        /* a byte came since the last delimiter */
  bool zero_pending; /* a zero stands before the next block, unless the frame ends first */
  bool bad;          /* nothing is kept until the next delimiter */
};

/* Begins a frame in `out`, which has room for FRAME_MAX bytes. */
void frame_decoder_start(struct frame_decoder *decoder, uint8_t *out);

/*
 * Takes bytes up to the end of a frame. Returns how many were taken, which is fewer than `size` only when `event` is
 * not FRAME_NONE; then call frame_decoder_start before the next.
 */
size_t frame_decode(struct frame_decoder *decoder, const uint8_t *bytes, size_t size, enum frame_event *event);

/* Completes the frame whose payload of `length` bytes stands at frame + FRAME_HEADER; returns its size. */
size_t frame_finish(uint8_t *frame, uint8_t type, uint8_t sequence, size_t length);

/* Puts a finished frame on the wire: COBS and the delimiter. `wire` has room for FRAME_WIRE_MAX bytes. */
size_t frame_encode(const uint8_t *frame, size_t size, uint8_t *wire);

#endif
