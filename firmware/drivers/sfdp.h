/* JESD216: the basic flash parameter table. Pure: bytes in, numbers out. */
#ifndef SFDP_H
#define SFDP_H

#include <stddef.h>
#include <stdint.h>

#define SFDP_HEADER_SIZE 16u   /* the header and the first parameter header */
#define SFDP_TABLE_DWORDS 16u  /* what is used of the table */
#define SFDP_ERASE_TYPES 4u

enum sfdp_quad_enable {
  SFDP_QE_NONE = 0,          /* no bit, or always on */
  SFDP_QE_SR2_BIT1_CLEARS = 1, /* 01h with two bytes; with one byte it clears SR2 */
  SFDP_QE_SR1_BIT6 = 2,
  SFDP_QE_SR2_BIT7 = 3,      /* 3Fh reads, 3Eh writes */
  SFDP_QE_SR2_BIT1_TWO = 4,  /* 01h with two bytes */
  SFDP_QE_SR2_BIT1_READ = 5, /* as 4, 35h reads */
  SFDP_QE_SR2_BIT1_31 = 6,   /* 31h writes SR2 alone */
  SFDP_QE_UNKNOWN = 7,
};

struct sfdp_erase {
  uint8_t log2_bytes; /* 0: not there */
  uint8_t opcode;
  uint32_t typical_us; /* 0: the table does not tell */
  uint32_t maximum_us;
};

struct sfdp {
  uint32_t size;  /* bytes; 0: larger than 2 GiB or unusable */
  uint8_t read_opcode; /* of the 1-4-4 read; 0: none */
  uint8_t read_mode_clocks;
  uint8_t read_wait_clocks;
  uint16_t page;  /* bytes */
  uint32_t program_typical_us; /* 0: the table does not tell */
  uint32_t program_maximum_us;
  enum sfdp_quad_enable quad_enable;
  struct sfdp_erase erase[SFDP_ERASE_TYPES];
};

/* Where the table lies and how many dwords it has, from the first 16 bytes. Result 0, or -1 when that is no SFDP. */
int sfdp_locate(const uint8_t header[SFDP_HEADER_SIZE], uint32_t *address, size_t *dwords);

/* `dwords` is 9 or more; what a shorter table lacks is 0 (page: 256). */
void sfdp_parse(const uint8_t *table, size_t dwords, struct sfdp *out);

#endif
