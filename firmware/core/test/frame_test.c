#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "suites.h"
#include "tap.h"

static uint8_t wire[64 * FRAME_WIRE_MAX];
static uint8_t out[FRAME_MAX];
static uint8_t frame[FRAME_MAX];

/* Feeds bytes in parts and counts what comes out. */
static void feed(const uint8_t *bytes, size_t size, struct random *random, unsigned *good, unsigned *bad)
{
  static struct frame_decoder decoder;
  enum frame_event event;
  size_t done = 0;
  frame_decoder_start(&decoder, out);
  while (done < size) {
    const size_t part = 1u + random_below(random, 700);
    const size_t end = done + part < size ? done + part : size;
    while (done < end) {
      done += frame_decode(&decoder, bytes + done, end - done, &event);
      *good += event == FRAME_GOOD;
      *bad += event == FRAME_BAD;
      if (event != FRAME_NONE) {
        memset(out, 0, sizeof out);
        frame_decoder_start(&decoder, out);
      }
    }
  }
}

static size_t random_frame(struct random *random, uint8_t *to)
{
  const size_t length = random_below(random, 4) == 0 ? random_below(random, 4113) : random_below(random, 40);
  const uint32_t zeros = random_below(random, 5);
  for (size_t i = 0; i < length; i += 1) {
    frame[FRAME_HEADER + i] = random_below(random, 5) < zeros ? 0 : (uint8_t)random_next(random);
  }
  return frame_encode(frame, frame_finish(frame, 5, (uint8_t)random_next(random), length), to);
}

static void any_frame_survives(void)
{
  struct random random = { tap_seed() };
  for (int i = 0; i < 2000; i += 1) {
    unsigned good = 0;
    unsigned bad = 0;
    const size_t size = random_frame(&random, wire);
    CHECK(size <= FRAME_WIRE_MAX && memchr(wire, 0, size) == wire + size - 1);
    feed(wire, size, &random, &good, &bad);
    EQUAL(good, 1);
    EQUAL(bad, 0);
  }
}

static void resynchronises_after_garbage(void)
{
  struct random random = { tap_seed() };
  for (int i = 0; i < 1000; i += 1) {
    unsigned good = 0;
    unsigned bad = 0;
    size_t size = 0;
    for (uint32_t n = random_below(&random, 6000); n > 0; n -= 1) {
      wire[size] = (uint8_t)(random_below(&random, 50) == 0 ? 0 : random_next(&random));
      size += 1;
    }
    wire[size] = 0;
    size += 1;
    for (int n = 0; n < 3; n += 1) {
      size += random_frame(&random, wire + size);
    }
    feed(wire, size, &random, &good, &bad);
    EQUAL(good, 3);
  }
}

static void every_damaged_byte_is_noticed(void)
{
  struct random random = { tap_seed() };
  for (int i = 0; i < 3000; i += 1) {
    unsigned good = 0;
    unsigned bad = 0;
    const size_t size = random_frame(&random, wire);
    const size_t at = random_below(&random, (uint32_t)size);
    wire[at] = (uint8_t)(wire[at] ^ (1u + random_below(&random, 255)));
    feed(wire, size, &random, &good, &bad);
    EQUAL(good, 0);
    /* A damaged delimiter ends nothing, and so nothing is found wrong yet. */
    CHECK(bad >= 1 || at == size - 1);
  }
}

static void delimiters_alone_are_nothing(void)
{
  struct random random = { 1 };
  unsigned good = 0;
  unsigned bad = 0;
  memset(wire, 0, 100);
  feed(wire, 100, &random, &good, &bad);
  EQUAL(good + bad, 0);
}

static void too_long_frames_stay_in_bounds(void)
{
  struct random random = { tap_seed() };
  for (int i = 0; i < 50; i += 1) {
    unsigned good = 0;
    unsigned bad = 0;
    for (size_t n = 0; n < 3u * FRAME_MAX; n += 1) {
      wire[n] = i % 2 == 0 ? 1 : (uint8_t)(1u + random_below(&random, 255));
    }
    wire[3u * FRAME_MAX] = 0;
    feed(wire, 3u * FRAME_MAX + 1u, &random, &good, &bad);
    EQUAL(good, 0);
    EQUAL(bad, 1);
  }
}

void suite_frame(void)
{
  tap_test("any frame survives the wire, in any parts", any_frame_survives);
  tap_test("the receiver finds the next frame after any garbage", resynchronises_after_garbage);
  tap_test("a changed byte is noticed wherever it is", every_damaged_byte_is_noticed);
  tap_test("delimiters without a frame are nothing", delimiters_alone_are_nothing);
  tap_test("a frame that is too long is dropped and writes nothing out of bounds", too_long_frames_stay_in_bounds);
}
