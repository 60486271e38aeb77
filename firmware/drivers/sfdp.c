#include "sfdp.h"

#define SIGNATURE 0x50444653u /* "SFDP" */

static uint32_t dword(const uint8_t *bytes, size_t number)
{
  const uint8_t *at = bytes + 4u * (number - 1u); /* JESD216 counts from 1 */
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t field(uint32_t value, uint32_t lowest_bit, uint32_t width)
{
  return value >> lowest_bit & ((1u << width) - 1u);
}

int sfdp_locate(const uint8_t header[SFDP_HEADER_SIZE], uint32_t *address, size_t *dwords)
{
  uint32_t where = dword(header, 4);
  if (dword(header, 1) != SIGNATURE || header[8] != 0x00u || where >> 24 != 0xFFu || header[11] < 9u) {
    return -1;
  }
  *address = where & 0xFFFFFFu;
  *dwords = header[11];
  return 0;
}

/* 2nd dword: density in bits, less one, or as a power of two. */
static uint32_t size_of(uint32_t density)
{
  if ((density & 0x80000000u) == 0) {
    return (density >> 3) + 1u;
  }
  uint32_t log2_bits = density & 0x7FFFFFFFu;
  return log2_bits >= 3u && log2_bits <= 34u ? 1u << (log2_bits - 3u) : 0;
}

/* 10th dword: a multiplier for the maximum, and for each type count and unit of the typical time. */
static void erase_times(uint32_t times, struct sfdp_erase erase[SFDP_ERASE_TYPES])
{
  static const uint32_t unit_us[4] = { 1000u, 16000u, 128000u, 1000000u };
  uint32_t multiplier = 2u * (field(times, 0, 4) + 1u);
  for (uint32_t i = 0; i < SFDP_ERASE_TYPES; i += 1u) {
    uint32_t at = 4u + 7u * i;
    uint32_t typical = (field(times, at, 5) + 1u) * unit_us[field(times, at + 5u, 2)];
    erase[i].typical_us = typical;
    erase[i].maximum_us = typical * multiplier;
  }
}

void sfdp_parse(const uint8_t *table, size_t dwords, struct sfdp *out)
{
  *out = (struct sfdp){ .page = 256u, .quad_enable = SFDP_QE_UNKNOWN };
  out->size = size_of(dword(table, 2));
  uint32_t fast_read = dword(table, 3);
  if (field(dword(table, 1), 21, 1) != 0) {
    out->read_wait_clocks = (uint8_t)field(fast_read, 0, 5);
    out->read_mode_clocks = (uint8_t)field(fast_read, 5, 3);
    out->read_opcode = (uint8_t)field(fast_read, 8, 8);
  }
  for (uint32_t i = 0; i < SFDP_ERASE_TYPES; i += 1u) {
    uint32_t types = dword(table, 8u + i / 2u) >> (16u * (i & 1u));
    out->erase[i].log2_bytes = (uint8_t)field(types, 0, 8);
    out->erase[i].opcode = (uint8_t)field(types, 8, 8);
  }
  if (dwords < 11u) {
    return;
  }
  erase_times(dword(table, 10), out->erase);
  uint32_t program = dword(table, 11);
  out->page = (uint16_t)(1u << field(program, 4, 4));
  out->program_typical_us = (field(program, 8, 5) + 1u) * (field(program, 13, 1) != 0 ? 64u : 8u);
  out->program_maximum_us = out->program_typical_us * 2u * (field(program, 0, 4) + 1u);
  if (dwords >= 15u) {
    out->quad_enable = (enum sfdp_quad_enable)field(dword(table, 15), 20, 3);
  }
}
