#include "usb_device.h"

#include "clock.h"
#include "event.h"
#include "otg_fs.h"
#include "port.h"
#include "usb_cdc.h"
#include "usb_descriptors.h"

#define TYPE_MASK 0x60u
#define TYPE_STANDARD 0x00u
#define TYPE_CLASS 0x20u
#define RECIPIENT_MASK 0x1Fu
#define RECIPIENT_INTERFACE 1u
#define RECIPIENT_ENDPOINT 2u
#define DIRECTION_IN 0x80u

#define GET_STATUS 0u
#define CLEAR_FEATURE 1u
#define SET_FEATURE 3u
#define SET_ADDRESS 5u
#define GET_DESCRIPTOR 6u
#define GET_CONFIGURATION 8u
#define SET_CONFIGURATION 9u
#define GET_INTERFACE 10u
#define SET_INTERFACE 11u

#define FEATURE_ENDPOINT_HALT 0u
#define INTERFACES 2u

/* Not understood, or under way. */
enum answer { ANSWER_STALL, ANSWER_OK };

/* Where a control transfer stands (USB 2.0, 8.5.3). */
enum stage { STAGE_IDLE, STAGE_DATA_IN, STAGE_DATA_OUT, STAGE_STATUS_IN, STAGE_STATUS_OUT };

static struct {
  struct usb_setup setup;
  enum stage stage;
  const uint8_t *data; /* what is left to send */
  uint32_t left;
  bool empty_packet;   /* a shorter answer than asked for, a multiple of 64: its end must be told */
  uint8_t received[OTG_PACKET];
  uint32_t received_size;
  uint8_t small[2];
  uint8_t configuration;
} control;

void usb_on_reset(void)
{
  control.stage = STAGE_IDLE;
  control.configuration = 0;
  cdc_set_configured(false);
  cdc_set_suspended(false);
}

void usb_on_suspend(bool suspended)
{
  cdc_set_suspended(suspended);
}

void usb_event(void)
{
  event_signal();
}

static void send_next_packet(void)
{
  uint32_t size = control.left < OTG_PACKET ? control.left : OTG_PACKET;
  const uint8_t *bytes = control.data;
  control.data += size;
  control.left -= size;
  if (size < OTG_PACKET) {
    control.empty_packet = false;
  }
  otg_in_start(OTG_CONTROL, bytes, size);
}

static void start_data_in(const uint8_t *data, uint32_t size)
{
  uint32_t asked = control.setup.wLength;
  control.data = data;
  control.left = size < asked ? size : asked;
  control.empty_packet = size < asked && size % OTG_PACKET == 0;
  control.stage = STAGE_DATA_IN;
  send_next_packet();
}

static void start_status_in(void)
{
  control.stage = STAGE_STATUS_IN;
  otg_in_start(OTG_CONTROL, control.small, 0);
}

static void stall(void)
{
  control.stage = STAGE_IDLE;
  otg_stall(OTG_CONTROL, true);
  otg_stall(OTG_CONTROL, false);
}

static enum answer answer_small(uint32_t size, uint8_t first)
{
  control.small[0] = first;
  control.small[1] = 0;
  start_data_in(control.small, size);
  return ANSWER_OK;
}

static bool endpoint_exists(uint32_t index)
{
  uint32_t number = index & 0x0Fu;
  bool in = (index & DIRECTION_IN) != 0;
  return number <= OTG_BULK || (number == OTG_NOTIFICATION && in);
}

static enum answer endpoint_request(void)
{
  uint32_t number = control.setup.wIndex & 0x0Fu;
  bool in = (control.setup.wIndex & DIRECTION_IN) != 0;
  bool halt = control.setup.wValue == FEATURE_ENDPOINT_HALT;
  if (!endpoint_exists(control.setup.wIndex)) {
    return ANSWER_STALL;
  }
  switch (control.setup.bRequest) {
    case GET_STATUS:
      return answer_small(2, otg_stalled(number, in) ? 1 : 0);
    case SET_FEATURE:
      if (!halt || number == OTG_CONTROL) {
        return ANSWER_STALL;
      }
      otg_stall(number, in);
      break;
    case CLEAR_FEATURE:
      if (!halt) {
        return ANSWER_STALL;
      }
      if (number != OTG_CONTROL) {
        otg_unstall(number, in);
      }
      break;
    default:
      return ANSWER_STALL;
  }
  start_status_in();
  return ANSWER_OK;
}

static enum answer interface_request(void)
{
  if ((control.setup.wIndex & 0xFFu) >= INTERFACES || control.configuration == 0) {
    return ANSWER_STALL;
  }
  switch (control.setup.bRequest) {
    case GET_STATUS:
      return answer_small(2, 0);
    case GET_INTERFACE:
      return answer_small(1, 0);
    case SET_INTERFACE:
      if (control.setup.wValue != 0) {
        return ANSWER_STALL;
      }
      start_status_in();
      return ANSWER_OK;
    default:
      return ANSWER_STALL;
  }
}

static enum answer set_configuration(void)
{
  if (control.setup.wValue > 1u) {
    return ANSWER_STALL;
  }
  control.configuration = (uint8_t)control.setup.wValue;
  cdc_set_configured(control.configuration != 0);
  start_status_in();
  return ANSWER_OK;
}

static enum answer get_descriptor(void)
{
  uint32_t size = 0;
  const uint8_t *bytes = usb_descriptor(control.setup.wValue, &size);
  if (size == 0) {
    return ANSWER_STALL;
  }
  start_data_in(bytes, size);
  return ANSWER_OK;
}

static enum answer device_request(void)
{
  switch (control.setup.bRequest) {
    case GET_STATUS:
      return answer_small(2, 0); /* powered by the bus, no remote wake-up */
    case GET_DESCRIPTOR:
      return get_descriptor();
    case GET_CONFIGURATION:
      return answer_small(1, control.configuration);
    case SET_CONFIGURATION:
      return set_configuration();
    case SET_ADDRESS:
      /* The core wants the address before the status stage and uses it after it (RM0433 60.15.6). */
      otg_set_address(control.setup.wValue & 0x7Fu);
      start_status_in();
      return ANSWER_OK;
    default:
      return ANSWER_STALL;
  }
}

static enum answer class_request(void)
{
  const uint8_t *data = control.small;
  uint32_t size = 0;
  switch (cdc_request(&control.setup, &data, &size)) {
    case CDC_SEND:
      start_data_in(data, size);
      return ANSWER_OK;
    case CDC_RECEIVE:
      if (control.setup.wLength == 0 || control.setup.wLength > OTG_PACKET) {
        return ANSWER_STALL;
      }
      control.stage = STAGE_DATA_OUT;
      control.received_size = 0;
      otg_out_start(OTG_CONTROL, 1);
      return ANSWER_OK;
    case CDC_DONE:
      start_status_in();
      return ANSWER_OK;
    default:
      return ANSWER_STALL;
  }
}

static enum answer answer_setup(void)
{
  uint32_t type = control.setup.bmRequestType & TYPE_MASK;
  uint32_t recipient = control.setup.bmRequestType & RECIPIENT_MASK;
  if (type == TYPE_CLASS && recipient == RECIPIENT_INTERFACE) {
    return class_request();
  }
  if (type != TYPE_STANDARD) {
    return ANSWER_STALL;
  }
  switch (recipient) {
    case 0:
      return device_request();
    case RECIPIENT_INTERFACE:
      return interface_request();
    case RECIPIENT_ENDPOINT:
      return endpoint_request();
    default:
      return ANSWER_STALL;
  }
}

void usb_on_setup_data(const uint8_t bytes[8])
{
  control.setup = (struct usb_setup){
    .bmRequestType = bytes[0],
    .bRequest = bytes[1],
    .wValue = (uint16_t)(bytes[2] | bytes[3] << 8),
    .wIndex = (uint16_t)(bytes[4] | bytes[5] << 8),
    .wLength = (uint16_t)(bytes[6] | bytes[7] << 8),
  };
}

void usb_on_setup(void)
{
  /* A new SETUP ends whatever transfer was under way (USB 2.0, 5.5.5). */
  if (control.stage == STAGE_DATA_IN || control.stage == STAGE_STATUS_IN) {
    otg_in_cancel(OTG_CONTROL);
  }
  control.stage = STAGE_IDLE;
  otg_expect_setup();
  if (answer_setup() == ANSWER_STALL) {
    stall();
  }
}

void usb_on_out_data(uint32_t endpoint, const uint8_t *bytes, uint32_t size)
{
  if (endpoint == OTG_BULK) {
    cdc_received(bytes, size);
    return;
  }
  for (uint32_t i = 0; i < size; i += 1u) {
    control.received[i] = bytes[i];
  }
  control.received_size = size;
}

void usb_on_out_complete(uint32_t endpoint)
{
  if (endpoint == OTG_BULK) {
    cdc_out_complete();
    return;
  }
  if (control.stage == STAGE_DATA_OUT) {
    cdc_request_data(&control.setup, control.received, control.received_size);
    start_status_in();
  } else {
    control.stage = STAGE_IDLE;
  }
}

void usb_on_in_complete(uint32_t endpoint)
{
  if (endpoint == OTG_BULK) {
    cdc_in_complete();
    return;
  }
  if (control.stage == STAGE_DATA_IN && (control.left > 0 || control.empty_packet)) {
    send_next_packet();
  } else if (control.stage == STAGE_DATA_IN) {
    control.stage = STAGE_STATUS_OUT;
    otg_out_start(OTG_CONTROL, 1);
  } else {
    control.stage = STAGE_IDLE;
  }
}

int usb_start(void)
{
  int supply = clock_start_usb();
  int core = otg_start();
  otg_connect();
  return supply != PORT_OK ? supply : core;
}

void usb_stop(void)
{
  otg_stop();
}
