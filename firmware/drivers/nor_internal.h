/* Shared by nor_flash.c (operations) and nor_start.c (reset, identification, status registers). */
#ifndef NOR_INTERNAL_H
#define NOR_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "nor_parts.h"
#include "port.h"
#include "quadspi.h"

#define NOR_WRITE_ENABLE QSPI_COMMAND(0x06, 1, 0, 0)
#define NOR_READ_STATUS1 QSPI_COMMAND(0x05, 1, 0, 1)
#define NOR_STATUS1_BUSY 0x01u

/* Kernel clock of 200 MHz (RCC: HCLK3) down to what the board allows. */
#define NOR_KERNEL_HZ 200000000u
#define NOR_DIVIDER ((NOR_KERNEL_HZ + BOARD_FLASH_MAX_HZ - 1u) / BOARD_FLASH_MAX_HZ)

/* Largest size that 24 address bits reach. */
#define NOR_SIZE_MAX 0x1000000u

struct nor_chip {
  struct port_flash_geometry geometry;
  const struct nor_vendor *vendor;
  uint8_t erase_opcode[PORT_ERASE_SIZES];
  enum sfdp_quad_enable quad_enable;
  uint8_t read_opcode;
  uint8_t read_wait_clocks;
};

/* Brings the chip out of any state and fills `chip`. */
int nor_start(struct nor_chip *chip);

/* The registers that the vendor has; others read 0. Only when the controller is idle. */
int nor_read_status(const struct nor_vendor *vendor, uint8_t status[3]);

/* Lets the next command change something. The chip ignores it for a while after power-on: waits for that, 11 ms at most. */
int nor_write_enable(void);

/* Writes one of the status registers (`command` with its opcode) and waits up to 15 ms. */
int nor_write_status(uint32_t command, const uint8_t *bytes, uint32_t size);

#endif
