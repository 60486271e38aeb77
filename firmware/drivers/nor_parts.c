#include "nor_parts.h"

#include <stddef.h>

/*
 * Winbond: 31h writes status register 2 alone on every JV part, so register 1 stays as it is.
 * ISSI: 35h does not read a status register but switches the chip to QPI, so it must never be sent. QE is bit 6 of the
 * one status register, BP0-3 are bits 2 to 5 (IS25LP064A data sheet, status register).
 */
static const struct nor_vendor vendors[] = {
  { NOR_VENDOR_WINBOND, true, true, true, 0x7Cu, SFDP_QE_SR2_BIT1_31 },
  { NOR_VENDOR_GIGADEVICE, true, true, true, 0x7Cu, SFDP_QE_UNKNOWN },
  { NOR_VENDOR_ISSI, false, true, true, 0x3Cu, SFDP_QE_SR1_BIT6 },
};

static const struct nor_vendor any_vendor = { 0, false, false, false, 0x1Cu, SFDP_QE_UNKNOWN };

struct part_times {
  uint8_t jedec[3];
  uint32_t program_typical_us;
  uint32_t program_maximum_us;
  struct port_erase_size erase[3];
};

/* Data sheets: W25Q128JV (AC characteristics), W25Q64JV (the same figures), IS25LP064A (program/erase performance; its
   maxima are rounded up here). */
static const struct part_times parts[] = {
  { { 0xEF, 0x40, 0x18 }, 400, 3000, { { 4096, 45000, 400000 }, { 32768, 120000, 1600000 }, { 65536, 150000, 2000000 } } },
  { { 0xEF, 0x70, 0x18 }, 400, 3000, { { 4096, 45000, 400000 }, { 32768, 120000, 1600000 }, { 65536, 150000, 2000000 } } },
  { { 0xEF, 0x40, 0x17 }, 400, 3000, { { 4096, 45000, 400000 }, { 32768, 120000, 1600000 }, { 65536, 150000, 2000000 } } },
  { { 0xEF, 0x70, 0x17 }, 400, 3000, { { 4096, 45000, 400000 }, { 32768, 120000, 1600000 }, { 65536, 150000, 2000000 } } },
  { { 0x9D, 0x60, 0x17 }, 200, 1000, { { 4096, 70000, 300000 }, { 32768, 130000, 1000000 }, { 65536, 200000, 2000000 } } },
};

static const struct part_times cautious = {
  { 0, 0, 0 }, 700, 5000, { { 4096, 100000, 800000 }, { 32768, 300000, 3000000 }, { 65536, 500000, 4000000 } }
};

const struct nor_vendor *nor_vendor_of(uint8_t id)
{
  for (size_t i = 0; i < sizeof vendors / sizeof vendors[0]; i += 1u) {
    if (vendors[i].id == id) {
      return &vendors[i];
    }
  }
  return &any_vendor;
}

static const struct part_times *times_of(const uint8_t jedec[3])
{
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i += 1u) {
    if (parts[i].jedec[0] == jedec[0] && parts[i].jedec[1] == jedec[1] && parts[i].jedec[2] == jedec[2]) {
      return &parts[i];
    }
  }
  return &cautious;
}

void nor_default_times(const uint8_t jedec[3], struct port_flash_geometry *geometry)
{
  const struct part_times *times = times_of(jedec);
  if (geometry->program_typical_us == 0) {
    geometry->program_typical_us = times->program_typical_us;
    geometry->program_maximum_us = times->program_maximum_us;
  }
  for (uint32_t i = 0; i < geometry->erase_sizes; i += 1u) {
    struct port_erase_size *erase = &geometry->erase[i];
    if (erase->typical_us != 0) {
      continue;
    }
    /* The smallest listed size that is no smaller; else the largest. */
    size_t j = 0;
    while (j < 2u && times->erase[j].bytes < erase->bytes) {
      j += 1u;
    }
    erase->typical_us = times->erase[j].typical_us;
    erase->maximum_us = times->erase[j].maximum_us;
  }
}
