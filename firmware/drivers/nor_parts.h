/* What JEDEC ids tell where SFDP does not: vendors' opcodes and data sheet times. */
#ifndef NOR_PARTS_H
#define NOR_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"
#include "sfdp.h"

#define NOR_VENDOR_WINBOND 0xEFu
#define NOR_VENDOR_GIGADEVICE 0xC8u
#define NOR_VENDOR_ISSI 0x9Du

struct nor_vendor {
  uint8_t id;
  bool status2_and_3;     /* 35h and 15h read, 31h and 11h write status registers 2 and 3 */
  bool quad_program;      /* 32h programs on four lines (1-1-4) */
  bool unique_id;         /* 4Bh and 32 clocks, then 8 bytes */
  uint8_t protect_status1;/* block-protect bits in status register 1 */
  enum sfdp_quad_enable quad_enable; /* overrides SFDP unless SFDP_QE_UNKNOWN */
};

/* Never NULL: an unknown vendor gets what is safe with all. */
const struct nor_vendor *nor_vendor_of(uint8_t id);

/* Fills in times that SFDP left out: of the part when it is known, else cautious ones. */
void nor_default_times(const uint8_t jedec[3], struct port_flash_geometry *geometry);

#endif
