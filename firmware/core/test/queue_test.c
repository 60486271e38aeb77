#include <string.h>

#include "frame.h"
#include "queue.h"
#include "suites.h"
#include "tap.h"

#define WAITING_MAX 4096u

static uint16_t sizes[WAITING_MAX]; /* of the frames that wait, oldest at `oldest` */
static unsigned oldest;
static unsigned newest;

static void fill(uint8_t *room, size_t size, unsigned number)
{
  memset(room, (int)(number & 0xFFu), size);
}

static bool push(size_t size)
{
  uint8_t *room = queue_reserve();
  if (room == NULL || newest - oldest == WAITING_MAX) {
    return false;
  }
  memset(room, 0xEE, FRAME_MAX); /* a decoder may use all of it */
  fill(room, size, newest);
  sizes[newest % WAITING_MAX] = (uint16_t)size;
  newest += 1;
  queue_push(size);
  return true;
}

static void expect_first(void)
{
  static uint8_t expected[FRAME_MAX];
  size_t size = 0;
  const uint8_t *frame = queue_first(&size);
  if (CHECK(frame != NULL) && EQUAL(size, sizes[oldest % WAITING_MAX])) {
    fill(expected, size, oldest);
    CHECK(memcmp(frame, expected, size) == 0);
  }
}

static void pop(void)
{
  expect_first();
  oldest += 1;
  queue_pop();
}

static void start(void)
{
  oldest = 0;
  newest = 0;
  queue_reset();
}

static size_t any_size(struct random *random)
{
  const uint32_t limit = random_below(random, 3) == 0 ? 60 : FRAME_MAX - 8;
  return 8u + random_below(random, limit + 1u);
}

static void frames_come_out_as_they_went_in(void)
{
  struct random random = { tap_seed() };
  size_t size;
  start();
  for (unsigned round = 0; round < 60000; round += 1) {
    const bool filling = round / 2000u % 2u == 0;
    if (random_below(&random, 10) < (filling ? 7u : 4u)) {
      (void)push(any_size(&random));
    } else if (newest != oldest) {
      pop();
    }
    if (random_below(&random, 3000) == 0 && newest != oldest) {
      queue_drop(true);
      newest = oldest + 1u;
    }
    if (newest != oldest) {
      expect_first();
    }
  }
  while (newest != oldest) {
    pop();
  }
  CHECK(queue_first(&size) == NULL);
}

/* The promise of HELLO's `window`: 64 frames of so many bytes on the wire fit, wherever in the ring they begin. */
static void the_window_always_fits(void)
{
  struct random random = { tap_seed() };
  size_t wire = 0;
  start();
  for (unsigned round = 0; round < 30000; round += 1) {
    const size_t size = random_below(&random, 4) == 0 ? any_size(&random) : FRAME_MAX;
    const size_t cost = size + 2u + size / 254u;
    while (wire + cost > QUEUE_WINDOW || newest - oldest == 64) {
      const size_t first = sizes[oldest % WAITING_MAX];
      wire -= first + 2u + first / 254u;
      pop();
    }
    CHECK(push(size));
    wire += cost;
  }
}

void suite_queue(void)
{
  tap_test("the queue gives back every frame, wherever the ring wraps", frames_come_out_as_they_went_in);
  tap_test("a window of requests always fits into the queue", the_window_always_fits);
}
