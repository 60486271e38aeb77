/* What the device says it is. USB 2.0 chapter 9, USB CDC 1.2, PSTN 1.2, ECN "interface association". */
#ifndef USB_DESCRIPTORS_H
#define USB_DESCRIPTORS_H

#include <stdint.h>

/* pid.codes' id for tests: before a product is sold, it needs its own. The flasher knows boards by the manufacturer's
   and the product's string, too. The one place where the ids stand. */
#define USB_VENDOR_ID 0x1209u
#define USB_PRODUCT_ID 0x0001u

#define USB_MANUFACTURER "IMBootloader"

/* The descriptor that `value` (type in the high byte, index in the low one) asks for, or 0 bytes. It stays valid until the
   next call. */
const uint8_t *usb_descriptor(uint16_t value, uint32_t *size);

#endif
