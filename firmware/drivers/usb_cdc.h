/* The CDC-ACM function: two rings between the bus and the main loop. */
#ifndef USB_CDC_H
#define USB_CDC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usb_device.h"

enum cdc_answer {
  CDC_UNKNOWN,
  CDC_DONE,    /* no data stage */
  CDC_SEND,    /* `data` and `size` are the answer */
  CDC_RECEIVE, /* cdc_request_data gets the data stage */
};

/* From the OTG interrupt. */
enum cdc_answer cdc_request(const struct usb_setup *setup, const uint8_t **data, uint32_t *size);
void cdc_request_data(const struct usb_setup *setup, const uint8_t *bytes, uint32_t size);
void cdc_set_configured(bool configured);
void cdc_set_suspended(bool suspended);
void cdc_received(const uint8_t *bytes, uint32_t size);
void cdc_out_complete(void);
void cdc_in_complete(void);

/* From the main loop: as port_link_… of core/port.h. */
size_t cdc_read(uint8_t *bytes, size_t size);
size_t cdc_write(const uint8_t *bytes, size_t size);
uint32_t cdc_generation(void);
bool cdc_drained(void);

#endif
