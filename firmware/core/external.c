#include "external.h"

#include "board.h"
#include "bytes.h"

/* Reads that may differ before the last one counts. */
#define SETTLING_READS 8u

#define JEDEC_ISSI 0x9Du
#define SR1_BP 0x1Cu      /* W25Q128JV, status register 1: BP2..BP0; TB and SEC only choose what they protect */
#define SR1_BP_ISSI 0x3Cu /* IS25LP064A: BP3..BP0; it has no SR2 and SR3 of this kind */
#define SR2_CMP 0x40u
#define SR3_WPS 0x04u

struct external external;
_Alignas(4) uint8_t external_scratch[EXTERNAL_SLICE];

/* The core divides by these, and the journal's sectors are erased one by one. */
static bool geometry_usable(const struct port_flash_geometry *geometry)
{
  return geometry->page > 0 && geometry->page <= EXTERNAL_SLICE && geometry->erase_sizes > 0 &&
         geometry->erase_sizes <= PORT_ERASE_SIZES && geometry->erase[0].bytes == EXTERNAL_SECTOR;
}

void external_start(void)
{
  memset(&external, 0, sizeof external);
  external.start = port_flash_start(&external.geometry);
  if (external.start >= 0 && !geometry_usable(&external.geometry)) {
    external.start = PORT_ERROR_UNKNOWN;
  }
}

bool external_ready(void)
{
  return external.start >= 0;
}

bool range_inside(struct range range, struct range outer)
{
  return range.address >= outer.address && range.address - outer.address <= outer.length &&
         range.length <= outer.length - (range.address - outer.address);
}

bool range_overlaps(struct range range, struct range other)
{
  return range.address < other.address ? other.address - range.address < range.length
                                       : range.address - other.address < other.length;
}

struct range range_hull(struct range range, struct range other)
{
  if (range.length == 0 || other.length == 0) {
    return range.length == 0 ? other : range;
  }
  const uint32_t end = range.address + range.length;
  const uint32_t other_end = other.address + other.length;
  const uint32_t from = range.address < other.address ? range.address : other.address;
  return (struct range){ from, (end > other_end ? end : other_end) - from };
}

struct range external_range(void)
{
  return (struct range){ BOARD_FLASH_BASE, external.geometry.size };
}

int external_read(uint32_t address, uint8_t *bytes, size_t size)
{
  return port_flash_read(address - BOARD_FLASH_BASE, bytes, size);
}

int external_read_settled(uint32_t address, uint8_t *bytes, size_t size)
{
  uint32_t before = 0;
  for (unsigned reads = 1;; reads += 1) {
    const int result = external_read(address, bytes, size);
    if (result < 0) {
      return result;
    }
    const uint32_t sum = port_crc32(bytes, size);
    if ((reads > 1 && sum == before) || reads == SETTLING_READS) {
      return PORT_OK;
    }
    before = sum;
  }
}

int external_hash(uint32_t address, size_t size)
{
  return port_sha256_add_flash(address - BOARD_FLASH_BASE, size);
}

int external_erase(uint32_t address, uint32_t bytes)
{
  external.erased += 1;
  return port_flash_erase(address - BOARD_FLASH_BASE, bytes);
}

int external_program(uint32_t address, const uint8_t *bytes, size_t size)
{
  external.programmed += 1;
  return port_flash_program(address - BOARD_FLASH_BASE, bytes, size);
}

/* CMP protects everything when BP is 0, WPS hands protection over to single blocks. */
static bool status_protects(const uint8_t status[3])
{
  if (external.geometry.jedec[0] == JEDEC_ISSI) {
    return (status[0] & SR1_BP_ISSI) != 0;
  }
  return (status[0] & SR1_BP) != 0 || (status[1] & SR2_CMP) != 0 || (status[2] & SR3_WPS) != 0;
}

int external_unprotected(void)
{
  uint8_t status[3];
  const int result = port_flash_status(status);
  if (result < 0) {
    return result;
  }
  return status_protects(status) ? PORT_ERROR_PROTECTED : PORT_OK;
}
