/*
 * For the unit test on the PC: three JEDEC bytes, the 16 bytes of the SFDP header, and the table, on standard input; what
 * the drivers make of them, as one line of JSON.
 */
#include <stdio.h>

#include "nor_parts.h"
#include "sfdp.h"

int main(void)
{
  uint8_t jedec[3];
  uint8_t header[SFDP_HEADER_SIZE];
  uint8_t table[4 * SFDP_TABLE_DWORDS];
  uint32_t address = 0;
  size_t dwords = 0;
  if (fread(jedec, 1, sizeof jedec, stdin) != sizeof jedec || fread(header, 1, sizeof header, stdin) != sizeof header) {
    return 2;
  }
  if (sfdp_locate(header, &address, &dwords) != 0) {
    puts("{\"located\":false}");
    return 0;
  }
  if (dwords > SFDP_TABLE_DWORDS) {
    dwords = SFDP_TABLE_DWORDS;
  }
  if (fread(table, 4, dwords, stdin) != dwords) {
    return 2;
  }
  struct sfdp sfdp;
  sfdp_parse(table, dwords, &sfdp);
  struct port_flash_geometry geometry = { .program_typical_us = sfdp.program_typical_us,
                                          .program_maximum_us = sfdp.program_maximum_us };
  printf("{\"located\":true,\"address\":%u,\"size\":%u,\"page\":%u,\"read\":[%u,%u,%u],\"quadEnable\":%u,\"erase\":[",
         (unsigned)address, (unsigned)sfdp.size, (unsigned)sfdp.page, (unsigned)sfdp.read_opcode,
         (unsigned)sfdp.read_mode_clocks, (unsigned)sfdp.read_wait_clocks, (unsigned)sfdp.quad_enable);
  for (unsigned i = 0; i < SFDP_ERASE_TYPES && sfdp.erase[i].log2_bytes != 0; i += 1) {
    geometry.erase[i] = (struct port_erase_size){ 1u << sfdp.erase[i].log2_bytes, sfdp.erase[i].typical_us,
                                                  sfdp.erase[i].maximum_us };
    geometry.erase_sizes += 1;
  }
  nor_default_times(jedec, &geometry);
  for (unsigned i = 0; i < geometry.erase_sizes; i += 1) {
    printf("%s[%u,%u,%u,%u]", i == 0 ? "" : ",", (unsigned)geometry.erase[i].bytes, (unsigned)sfdp.erase[i].opcode,
           (unsigned)geometry.erase[i].typical_us, (unsigned)geometry.erase[i].maximum_us);
  }
  printf("],\"program\":[%u,%u]}\n", (unsigned)geometry.program_typical_us, (unsigned)geometry.program_maximum_us);
  return 0;
}
