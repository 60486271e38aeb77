#include "output.h"

#include <string.h>

#include "frame.h"
#include "placement.h"
#include "port.h"

#define OUTPUT_CAPACITY (16u * 1024u)

static uint8_t wire[OUTPUT_CAPACITY] AXI_SRAM;
static size_t first; /* bytes before it were handed over */
static size_t end;

void output_reset(void)
{
  first = 0;
  end = 0;
}

size_t output_free(void)
{
  return OUTPUT_CAPACITY - (end - first);
}

void output_send(struct message *message, uint8_t type, uint8_t sequence)
{
  const size_t size = frame_finish(message->frame, type, sequence, message->length);
  if (OUTPUT_CAPACITY - end < FRAME_WIRE_MAX) {
    memmove(wire, wire + first, end - first);
    end -= first;
    first = 0;
  }
  end += frame_encode(message->frame, size, wire + end);
}

bool output_flush(void)
{
  if (first == end) {
    return false;
  }
  const size_t taken = port_link_write(wire + first, end - first);
  first += taken;
  if (first == end) {
    output_reset();
  }
  return taken > 0;
}

bool output_drained(void)
{
  return first == end && port_link_drained();
}
