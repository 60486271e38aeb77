/* The identification block of a bootloader's image: docs/protocol.md, section 13.1. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

#define IDENTITY_OFFSET 0x380u /* behind the vector table and the probe's table */
#define IDENTITY_SIZE 56u
#define IDENTITY_CRC_OFFSET 20u
#define IDENTITY_MAGIC 0x49424D49u /* "IMBI" */
#define IDENTITY_FORMAT 1u
#define IDENTITY_IMBOOTLOADER 1u
#define IDENTITY_BOARD_SIZE 32u

/* The sector of internal flash. */
#define IDENTITY_FLASH 0x08000000u
#define IDENTITY_FLASH_SIZE 0x20000u

struct identity {
  uint32_t version; /* major << 16 | minor << 8 | patch */
  uint32_t length;  /* of the image, bytes */
  uint32_t log;     /* offset of its log in the sector */
  const uint8_t *board; /* IDENTITY_BOARD_SIZE bytes, zeros behind the name */
};

/*
 * Reads the block of an image of `length` bytes, which is left as it is. False when it has none, or one that does not
 * fit the image: length (at most PORT_SECTOR_IMAGE_MAX, a multiple of 4), magic, format, kind, place of the log, CRC-32, stack
 * pointer or reset vector.
 */
bool identity_read(uint8_t *image, uint32_t length, struct identity *identity);

#endif
