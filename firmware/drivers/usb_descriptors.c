#include "usb_descriptors.h"

#include <stddef.h>

#include "board.h"
#include "board_id.h"
#include "otg_fs.h"
#include "port.h"

#define TYPE_DEVICE 1u
#define TYPE_CONFIGURATION 2u
#define TYPE_STRING 3u

#define STRING_LENGTH_MAX 62u
#define LANGUAGE_US_ENGLISH 0x0409u
#define POWER_2MA (250u / 2u)

#define LOW(value) ((uint8_t)((value) & 0xFFu))
#define HIGH(value) ((uint8_t)((value) >> 8))

static const uint8_t device[] = {
  18, TYPE_DEVICE, 0x00, 0x02,                  /* USB 2.0 */
  0xEF, 0x02, 0x01,                             /* functions are told by interface associations */
  OTG_PACKET,
  LOW(USB_VENDOR_ID), HIGH(USB_VENDOR_ID), LOW(USB_PRODUCT_ID), HIGH(USB_PRODUCT_ID),
  0x10, 0x00,                                   /* device release 0.10: bootloader 0.1.0 */
  1, 2, 3,                                      /* manufacturer, product, serial number */
  1,
};

#define CONFIGURATION_SIZE (9 + 8 + 9 + 5 + 5 + 4 + 5 + 7 + 9 + 7 + 7)

static const uint8_t configuration[] = {
  9, TYPE_CONFIGURATION, LOW(CONFIGURATION_SIZE), HIGH(CONFIGURATION_SIZE), 2, 1, 0, 0x80, POWER_2MA,
  8, 11, 0, 2, 0x02, 0x02, 0x00, 0,             /* association: interfaces 0 and 1 are one CDC-ACM function */
  9, 4, 0, 0, 1, 0x02, 0x02, 0x00, 0,           /* interface 0: communications, ACM, no protocol */
  5, 0x24, 0x00, 0x20, 0x01,                    /* CDC header, 1.20 */
  5, 0x24, 0x01, 0x00, 1,                       /* call management: none; data interface 1 */
  4, 0x24, 0x02, 0x02,                          /* ACM: line coding and control line state */
  5, 0x24, 0x06, 0, 1,                          /* union: interface 0 controls 1 */
  7, 5, 0x80 | OTG_NOTIFICATION, 0x03, OTG_NOTIFICATION_PACKET, 0, 16,
  9, 4, 1, 0, 2, 0x0A, 0x00, 0x00, 0,           /* interface 1: data */
  7, 5, OTG_BULK, 0x02, OTG_PACKET, 0, 0,
  7, 5, 0x80 | OTG_BULK, 0x02, OTG_PACKET, 0, 0,
};
_Static_assert(sizeof device == 18, "bLength");
_Static_assert(sizeof configuration == CONFIGURATION_SIZE, "wTotalLength");

static uint8_t string[2u + 2u * STRING_LENGTH_MAX];

static const uint8_t *string_of(const char *text, uint32_t *size)
{
  uint32_t length = 0;
  while (text[length] != '\0' && length < STRING_LENGTH_MAX) {
    string[2u + 2u * length] = (uint8_t)text[length];
    string[3u + 2u * length] = 0;
    length += 1u;
  }
  *size = 2u + 2u * length;
  string[0] = (uint8_t)*size;
  string[1] = TYPE_STRING;
  return string;
}

static const uint8_t *serial_number(uint32_t *size)
{
  struct port_identity identity;
  char id[BOARD_ID_LENGTH + 1u];
  port_identify(&identity);
  board_id(identity.unique_id, id);
  return string_of(id, size);
}

static const uint8_t *string_number(uint32_t index, uint32_t *size)
{
  switch (index) {
    case 0:
      string[0] = 4;
      string[1] = TYPE_STRING;
      string[2] = LOW(LANGUAGE_US_ENGLISH);
      string[3] = HIGH(LANGUAGE_US_ENGLISH);
      *size = 4;
      return string;
    case 1:
      return string_of(USB_MANUFACTURER, size);
    case 2:
      return string_of("IMBootloader " BOARD_TITLE, size);
    case 3:
      return serial_number(size);
    default:
      *size = 0;
      return string;
  }
}

const uint8_t *usb_descriptor(uint16_t value, uint32_t *size)
{
  switch (value >> 8) {
    case TYPE_DEVICE:
      *size = sizeof device;
      return device;
    case TYPE_CONFIGURATION:
      *size = LOW(value) == 0 ? sizeof configuration : 0;
      return configuration;
    case TYPE_STRING:
      return string_number(LOW(value), size);
    default: /* also the device qualifier: a full-speed-only device answers it with STALL (USB 2.0, 9.6.2) */
      *size = 0;
      return device;
  }
}
