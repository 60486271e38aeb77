#include "usb_cdc.h"

#include <string.h>

#include "otg_fs.h"
#include "placement.h"
#include "port.h"

/* PSTN 1.2, table 13. */
#define SET_LINE_CODING 0x20u
#define GET_LINE_CODING 0x21u
#define SET_CONTROL_LINE_STATE 0x22u
#define SEND_BREAK 0x23u
#define LINE_CODING_SIZE 7u
#define DTR 0x01u

#define RECEIVE_SIZE 16384u /* powers of two */
#define SEND_SIZE 8192u

/* The host may send again when this many packets fit: a few at once cost fewer interrupts than each alone. */
#define ARM_PACKETS_MIN 8u
#define ARM_PACKETS_MAX 64u

/* Bytes that one call copies while the interrupt is off: some microseconds. */
#define SLICE 512u

struct ring {
  uint32_t head; /* bytes ever put in; wraps */
  uint32_t tail; /* bytes ever taken out */
};

static uint8_t receive_bytes[RECEIVE_SIZE] DTCM_BUFFER;
static uint8_t send_bytes[SEND_SIZE] DTCM_BUFFER;
static struct ring receive_ring;
static struct ring send_ring;

static struct {
  bool configured;
  bool suspended;
  bool dtr;
  bool out_armed;
  bool in_busy;
  bool in_full_packet; /* the last packet sent was full: an empty one has to tell that no more comes */
  uint32_t generation;
  uint8_t line_coding[LINE_CODING_SIZE];
} cdc = { .line_coding = { 0x00, 0xC2, 0x01, 0x00, 0, 0, 8 } }; /* 115200 8N1, as the host finds it */

static uint32_t used(const struct ring *ring)
{
  return ring->head - ring->tail;
}

/* The interrupt is off, or this is it. */
static void arm_out(void)
{
  uint32_t packets = (RECEIVE_SIZE - used(&receive_ring)) / OTG_PACKET;
  if (!cdc.configured || cdc.out_armed || packets < ARM_PACKETS_MIN) {
    return;
  }
  cdc.out_armed = true;
  otg_out_start(OTG_BULK, packets < ARM_PACKETS_MAX ? packets : ARM_PACKETS_MAX);
}

/* The interrupt is off, or this is it. Sends what is waiting, in one piece of memory. */
static void pump_in(void)
{
  uint32_t start = send_ring.tail % SEND_SIZE;
  uint32_t size = used(&send_ring);
  if (!cdc.configured || cdc.suspended || cdc.in_busy || (size == 0 && !cdc.in_full_packet)) {
    return;
  }
  if (size > SEND_SIZE - start) {
    size = SEND_SIZE - start;
  }
  if (size > OTG_BULK_IN_MAX) {
    size = OTG_BULK_IN_MAX;
  }
  cdc.in_busy = true;
  cdc.in_full_packet = size != 0 && size % OTG_PACKET == 0;
  otg_in_start(OTG_BULK, send_bytes + start, size);
  send_ring.tail += size;
}

/* What was said before no longer counts. */
static void forget(void)
{
  cdc.generation += 1u;
  receive_ring.tail = receive_ring.head;
  send_ring.tail = send_ring.head;
  cdc.in_full_packet = false;
  cdc.in_busy = false;
}

void cdc_set_configured(bool configured)
{
  cdc.configured = configured;
  cdc.dtr = false;
  cdc.out_armed = false;
  forget();
  otg_in_cancel(OTG_BULK);
  otg_configure(configured);
  arm_out();
}

/* Without a VBUS pin an unplugged cable looks like a suspended bus, so it counts as one. */
void cdc_set_suspended(bool suspended)
{
  if (suspended && !cdc.suspended && cdc.configured) {
    otg_in_cancel(OTG_BULK);
    forget();
  }
  cdc.suspended = suspended;
}

static void set_dtr(bool dtr)
{
  if (cdc.dtr && !dtr) {
    otg_in_cancel(OTG_BULK);
    forget();
    arm_out();
  }
  cdc.dtr = dtr;
}

enum cdc_answer cdc_request(const struct usb_setup *setup, const uint8_t **data, uint32_t *size)
{
  switch (setup->bRequest) {
    case SET_LINE_CODING:
      return setup->wLength == LINE_CODING_SIZE ? CDC_RECEIVE : CDC_UNKNOWN;
    case GET_LINE_CODING:
      *data = cdc.line_coding;
      *size = LINE_CODING_SIZE;
      return CDC_SEND;
    case SET_CONTROL_LINE_STATE:
      set_dtr((setup->wValue & DTR) != 0);
      return CDC_DONE;
    case SEND_BREAK:
      return CDC_DONE;
    default:
      return CDC_UNKNOWN;
  }
}

void cdc_request_data(const struct usb_setup *setup, const uint8_t *bytes, uint32_t size)
{
  if (setup->bRequest == SET_LINE_CODING && size == LINE_CODING_SIZE) {
    memcpy(cdc.line_coding, bytes, LINE_CODING_SIZE);
  }
}

/* There is room: never more packets are armed than fit. */
void cdc_received(const uint8_t *bytes, uint32_t size)
{
  uint32_t start = receive_ring.head % RECEIVE_SIZE;
  uint32_t first = size < RECEIVE_SIZE - start ? size : RECEIVE_SIZE - start;
  memcpy(receive_bytes + start, bytes, first);
  memcpy(receive_bytes, bytes + first, size - first);
  receive_ring.head += size;
}

void cdc_out_complete(void)
{
  cdc.out_armed = false;
  arm_out();
}

void cdc_in_complete(void)
{
  cdc.in_busy = false;
  pump_in();
}

static uint32_t smallest(uint32_t a, uint32_t b, uint32_t c)
{
  uint32_t ab = a < b ? a : b;
  return ab < c ? ab : c;
}

size_t cdc_read(uint8_t *bytes, size_t size)
{
  size_t done = 0;
  while (done < size) {
    otg_lock();
    uint32_t start = receive_ring.tail % RECEIVE_SIZE;
    uint32_t slice = smallest(used(&receive_ring), RECEIVE_SIZE - start, SLICE);
    if (slice > size - done) {
      slice = (uint32_t)(size - done);
    }
    memcpy(bytes + done, receive_bytes + start, slice);
    receive_ring.tail += slice;
    arm_out();
    otg_unlock();
    if (slice == 0) {
      break;
    }
    done += slice;
  }
  return done;
}

size_t cdc_write(const uint8_t *bytes, size_t size)
{
  size_t done = 0;
  while (done < size) {
    otg_lock();
    uint32_t start = send_ring.head % SEND_SIZE;
    uint32_t slice = smallest(SEND_SIZE - used(&send_ring), SEND_SIZE - start, SLICE);
    if (slice > size - done) {
      slice = (uint32_t)(size - done);
    }
    if (!cdc.configured || cdc.suspended) {
      slice = 0;
    }
    memcpy(send_bytes + start, bytes + done, slice);
    send_ring.head += slice;
    otg_unlock();
    if (slice == 0) {
      break;
    }
    done += slice;
  }
  otg_lock();
  pump_in();
  otg_unlock();
  return done;
}

uint32_t cdc_generation(void)
{
  return *(volatile uint32_t *)&cdc.generation;
}

bool cdc_drained(void)
{
  otg_lock();
  bool drained = !cdc.configured || cdc.suspended || (used(&send_ring) == 0 && !cdc.in_busy);
  otg_unlock();
  return drained;
}

bool port_usb_configured(void)
{
  otg_lock();
  bool configured = cdc.configured && !cdc.suspended;
  otg_unlock();
  return configured;
}
