#include "frame.h"

#include "bytes.h"
#include "port.h"

#define COBS_FULL 0xFFu /* a block of 254 bytes that no zero follows */

/* Copies up to `size` bytes, stopping before a zero. Four at a time, since every byte of an image passes here. */
static size_t copy_run(uint8_t *to, const uint8_t *from, size_t size)
{
  size_t done = 0;
  while (size - done >= sizeof(uint32_t)) {
    uint32_t word;
    memcpy(&word, from + done, sizeof word);
    if (((word - 0x01010101u) & ~word & 0x80808080u) != 0) {
      break;
    }
    memcpy(to + done, &word, sizeof word);
    done += sizeof word;
  }
  while (done < size && from[done] != 0) {
    to[done] = from[done];
    done += 1;
  }
  return done;
}

static bool frame_agrees(const uint8_t *frame, size_t size)
{
  if (size < FRAME_HEADER + FRAME_CRC) {
    return false;
  }
  const size_t length = load_u16(frame + 2);
  return size == FRAME_HEADER + length + FRAME_CRC &&
         port_crc32(frame, FRAME_HEADER + length) == load_u32(frame + FRAME_HEADER + length);
}

void frame_decoder_start(struct frame_decoder *decoder, uint8_t *out)
{
  *decoder = (struct frame_decoder){ .out = out };
}

static enum frame_event decoder_finish(const struct frame_decoder *decoder)
{
  if (!decoder->begun) {
    return FRAME_NONE;
  }
  const bool whole = !decoder->bad && decoder->run == 0;
  return whole && frame_agrees(decoder->out, decoder->used) ? FRAME_GOOD : FRAME_BAD;
}

/* `code` is not zero. */
static void decoder_open_block(struct frame_decoder *decoder, uint8_t code)
{
  if (decoder->zero_pending) {
    if (decoder->used == FRAME_MAX) {
      decoder->bad = true;
      return;
    }
    decoder->out[decoder->used] = 0;
    decoder->used += 1;
  }
  decoder->begun = true;
  decoder->run = (uint8_t)(code - 1u);
  decoder->zero_pending = code != COBS_FULL;
  if (decoder->run > FRAME_MAX - decoder->used) {
    decoder->bad = true;
  }
}

static size_t decoder_skip(const uint8_t *bytes, size_t size)
{
  const uint8_t *zero = memchr(bytes, 0, size);
  return zero == NULL ? size : (size_t)(zero - bytes);
}

size_t frame_decode(struct frame_decoder *decoder, const uint8_t *bytes, size_t size, enum frame_event *event)
{
  size_t taken = 0;
  *event = FRAME_NONE;
  while (taken < size) {
    if (bytes[taken] == 0) {
      taken += 1;
      *event = decoder_finish(decoder);
      if (*event != FRAME_NONE) {
        return taken;
      }
    } else if (decoder->bad) {
      taken += decoder_skip(bytes + taken, size - taken);
    } else if (decoder->run == 0) {
      decoder_open_block(decoder, bytes[taken]);
      taken += 1;
    } else {
      const size_t left = size - taken;
      const size_t wanted = decoder->run < left ? decoder->run : left;
      const size_t copied = copy_run(decoder->out + decoder->used, bytes + taken, wanted);
      decoder->used += copied;
      decoder->run = (uint8_t)(decoder->run - copied);
      taken += copied;
    }
  }
  return taken;
}

size_t frame_finish(uint8_t *frame, uint8_t type, uint8_t sequence, size_t length)
{
  frame[0] = type;
  frame[1] = sequence;
  store_u16(frame + 2, (uint16_t)length);
  store_u32(frame + FRAME_HEADER + length, port_crc32(frame, FRAME_HEADER + length));
  return FRAME_HEADER + length + FRAME_CRC;
}

size_t frame_encode(const uint8_t *frame, size_t size, uint8_t *wire)
{
  size_t from = 0;
  size_t to = 0;
  bool open = true; /* a block must follow: the first, or one after a zero */
  while (from < size || open) {
    const size_t left = size - from;
    const size_t run = copy_run(wire + to + 1, frame + from, left < COBS_FULL - 1u ? left : COBS_FULL - 1u);
    wire[to] = (uint8_t)(run + 1u);
    to += run + 1u;
    from += run;
    open = false;
    if (run < COBS_FULL - 1u && from < size) {
      from += 1; /* the zero that the block stands for */
      open = true;
    }
  }
  wire[to] = 0;
  return to + 1u;
}
