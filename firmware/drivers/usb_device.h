/* Endpoint 0: the standard requests, and what the bus does. Called from the OTG interrupt unless noted. */
#ifndef USB_DEVICE_H
#define USB_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

struct usb_setup {
  uint8_t bmRequestType;
  uint8_t bRequest;
  uint16_t wValue;
  uint16_t wIndex;
  uint16_t wLength;
};

#define USB_CONTROL_DATA 256u

void usb_on_reset(void);
void usb_on_suspend(bool suspended);
void usb_on_setup_data(const uint8_t bytes[8]);
void usb_on_setup(void);
void usb_on_out_data(uint32_t endpoint, const uint8_t *bytes, uint32_t size);
void usb_on_out_complete(uint32_t endpoint);
void usb_on_in_complete(uint32_t endpoint);
void usb_event(void);

/* From the main loop: starts the core and connects to the bus. Result as in core/port.h. */
int usb_start(void);

/* From the main loop: leaves the bus. */
void usb_stop(void);

#endif
