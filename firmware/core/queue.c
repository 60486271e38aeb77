#include "queue.h"

#include "bytes.h"
#include "frame.h"
#include "placement.h"

#define SIZE_FIELD 4u
#define ROOM (SIZE_FIELD + FRAME_MAX)

static _Alignas(4) uint8_t ring[QUEUE_CAPACITY] AXI_SRAM;

static struct {
  size_t head;     /* offset of the oldest frame */
  size_t tail;     /* offset behind the newest */
  size_t end;      /* when wrapped: where the part at the ring's end stops */
  size_t count;
  size_t reserved; /* offset of the reserved room */
  bool wrapped;
  bool has_reserved;
} queue;

static size_t stride(size_t size)
{
  return SIZE_FIELD + ((size + 3u) & ~(size_t)3u);
}

void queue_reset(void)
{
  queue.count = 0;
  queue.wrapped = false;
  queue.has_reserved = false;
}

uint8_t *queue_reserve(void)
{
  if (!queue.has_reserved) {
    if (queue.count == 0) {
      queue.reserved = 0;
    } else if (queue.wrapped) {
      if (queue.head - queue.tail < ROOM) {
        return NULL;
      }
      queue.reserved = queue.tail;
    } else if (QUEUE_CAPACITY - queue.tail >= ROOM) {
      queue.reserved = queue.tail;
    } else if (queue.head >= ROOM) {
      queue.reserved = 0;
    } else {
      return NULL;
    }
    queue.has_reserved = true;
  }
  return ring + queue.reserved + SIZE_FIELD;
}

void queue_push(size_t size)
{
  store_u32(ring + queue.reserved, (uint32_t)size);
  if (queue.count == 0) {
    queue.head = queue.reserved;
    queue.wrapped = false;
  } else if (queue.reserved != queue.tail) {
    queue.end = queue.tail;
    queue.wrapped = true;
  }
  queue.tail = queue.reserved + stride(size);
  queue.count += 1;
  queue.has_reserved = false;
}

const uint8_t *queue_first(size_t *size)
{
  if (queue.count == 0) {
    return NULL;
  }
  *size = load_u32(ring + queue.head);
  return ring + queue.head + SIZE_FIELD;
}

void queue_pop(void)
{
  queue.head += stride(load_u32(ring + queue.head));
  queue.count -= 1;
  if (queue.wrapped && queue.head == queue.end) {
    queue.head = 0;
    queue.wrapped = false;
  }
}

void queue_drop(bool keep_first)
{
  queue.has_reserved = false;
  if (!keep_first || queue.count == 0) {
    queue.count = 0;
    queue.wrapped = false;
    return;
  }
  queue.tail = queue.head + stride(load_u32(ring + queue.head));
  queue.count = 1;
  queue.wrapped = false;
}
