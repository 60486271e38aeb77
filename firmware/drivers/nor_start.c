/* From a chip in any state to one that is identified and reads on four lines. */
#include <string.h>

#include "board.h"
#include "gpio.h"
#include "nor_internal.h"
#include "port.h"
#include "time.h"

#define READ_STATUS2 QSPI_COMMAND(0x35, 1, 0, 1)
#define READ_STATUS3 QSPI_COMMAND(0x15, 1, 0, 1)
#define READ_STATUS2_3F QSPI_COMMAND(0x3F, 1, 0, 1)
#define READ_JEDEC_ID QSPI_COMMAND(0x9F, 1, 0, 1)
#define READ_SFDP (QSPI_COMMAND(0x5A, 1, 1, 1) | QUADSPI_CCR_DCYC(8))
/* 4Bh and four dummy bytes: 32 clocks are more than DCYC holds, so 24 go as an address and 8 as an alternate byte. */
#define READ_UNIQUE_ID (QSPI_COMMAND(0x4B, 1, 1, 1) | QSPI_ALTERNATE(1))
#define WRITE_STATUS1 QSPI_COMMAND(0x01, 1, 0, 1)
#define WRITE_STATUS2 QSPI_COMMAND(0x31, 1, 0, 1)
#define WRITE_STATUS2_3E QSPI_COMMAND(0x3E, 1, 0, 1)

#define WRITE_STATUS_US 15000u
#define WRITE_STATUS_INTERVAL_US 50u
/* tRST: 30 us (W25Q128JV), up to 100 us with others. tRES1: 3 us, 5 us. */
#define POWER_UP_WRITE_MS 11u /* tPUW: W25Q128JV 5 ms, IS25LP064A 10 ms at most */
#define RESET_US 100u
#define POWER_UP_US 5u
/* The longest operation a chip may be in when the processor was reset: a 64 KiB erase. */
#define BUSY_MS 2000u
/* JESD216 allows chips that take 5Ah only up to 50 MHz. */
#define IDENTIFY_DIVIDER (NOR_DIVIDER > 4u ? NOR_DIVIDER : 4u)

static const struct pin pins[] = { BOARD_PIN_CLK, BOARD_PIN_IO0, BOARD_PIN_IO1, BOARD_PIN_IO2, BOARD_PIN_IO3 };
static const struct pin pin_ncs = BOARD_PIN_NCS;

static void connect_pins(void)
{
  /* Pulled up, so that the chip is not selected while nobody drives the line. */
  gpio_alternate(pin_ncs, GPIO_PULL_UP);
  for (uint32_t i = 0; i < sizeof pins / sizeof pins[0]; i += 1u) {
    gpio_alternate(pins[i], GPIO_PULL_NONE);
  }
}

/*
 * The chip may be waiting for an address on four lines (continuous read), for a command on four lines (QPI), or be in
 * power-down. FFh on four lines leaves QPI. Eight clocks with all four lines high, here an instruction and a 24-bit
 * address of ones, are in continuous read an address with mode bits that end it, and to a chip that waits for a
 * command on one line the harmless FFh.
 */
static int leave_special_modes(void)
{
  int result = quadspi_command(QSPI_COMMAND(0xFF, 4, 4, 0), 0xFFFFFFu);
  if (result == PORT_OK) {
    result = quadspi_command(QSPI_COMMAND(0xFF, 4, 0, 0), 0);
  }
  if (result == PORT_OK) {
    result = quadspi_command(QSPI_COMMAND(0xAB, 1, 0, 0), 0);
  }
  time_wait_us(POWER_UP_US);
  return result;
}

/* A reset while the chip erases leaves the block half erased (W25Q128JV, 66h/99h), so an erase that outlived the reset
   of the processor may finish first. FFh: nobody answers, or it is in QPI. */
static void let_finish(void)
{
  uint32_t start = port_millis();
  uint8_t status = 0;
  do {
    port_watchdog_feed();
    if (quadspi_read(NOR_READ_STATUS1, 0, 0, &status, 1) != PORT_OK || status == 0xFFu) {
      return;
    }
  } while ((status & NOR_STATUS1_BUSY) != 0 && port_millis() - start < BUSY_MS);
}

static int reset_chip(void)
{
  static const uint32_t commands[] = { QSPI_COMMAND(0x66, 4, 0, 0), QSPI_COMMAND(0x99, 4, 0, 0) };
  static const uint32_t commands_on_one_line[] = { QSPI_COMMAND(0x66, 1, 0, 0), QSPI_COMMAND(0x99, 1, 0, 0) };
  int result = leave_special_modes();
  let_finish();
  for (uint32_t i = 0; i < 2u && result == PORT_OK; i += 1u) {
    result = quadspi_command(commands[i], 0);
  }
  time_wait_us(RESET_US);
  for (uint32_t i = 0; i < 2u && result == PORT_OK; i += 1u) {
    result = quadspi_command(commands_on_one_line[i], 0);
  }
  time_wait_us(RESET_US);
  return result;
}

int nor_read_status(const struct nor_vendor *vendor, uint8_t status[3])
{
  status[1] = 0;
  status[2] = 0;
  int result = quadspi_read(NOR_READ_STATUS1, 0, 0, &status[0], 1);
  if (result == PORT_OK && vendor->status2_and_3) {
    result = quadspi_read(READ_STATUS2, 0, 0, &status[1], 1);
    if (result == PORT_OK) {
      result = quadspi_read(READ_STATUS3, 0, 0, &status[2], 1);
    }
  }
  return result;
}

int nor_write_enable(void)
{
  while (port_millis() < POWER_UP_WRITE_MS) {
  }
  return quadspi_command(NOR_WRITE_ENABLE, 0);
}

int nor_write_status(uint32_t command, const uint8_t *bytes, uint32_t size)
{
  int result = nor_write_enable();
  if (result == PORT_OK) {
    result = quadspi_write(command, 0, bytes, size);
  }
  for (uint32_t waited = 0; result == PORT_OK; waited += WRITE_STATUS_INTERVAL_US) {
    uint8_t status = 0;
    result = quadspi_read(NOR_READ_STATUS1, 0, 0, &status, 1);
    if (result == PORT_OK && (status & NOR_STATUS1_BUSY) == 0) {
      return PORT_OK;
    }
    if (waited > WRITE_STATUS_US) {
      return PORT_ERROR_TIMEOUT;
    }
    time_wait_us(WRITE_STATUS_INTERVAL_US);
  }
  return result;
}

struct quad_enable_way {
  uint32_t read;     /* command that reads the register, 0: the bit does not exist */
  uint8_t bit;
  uint32_t write;
  bool with_status1; /* status register 1 is written in front of it */
};

/* JESD216B, 15th dword, bits 22:20. */
static const struct quad_enable_way quad_enable_ways[] = {
  [SFDP_QE_NONE] = { 0, 0, 0, false },
  [SFDP_QE_SR2_BIT1_CLEARS] = { READ_STATUS2, 0x02, WRITE_STATUS1, true },
  [SFDP_QE_SR1_BIT6] = { NOR_READ_STATUS1, 0x40, WRITE_STATUS1, false },
  [SFDP_QE_SR2_BIT7] = { READ_STATUS2_3F, 0x80, WRITE_STATUS2_3E, false },
  [SFDP_QE_SR2_BIT1_TWO] = { READ_STATUS2, 0x02, WRITE_STATUS1, true },
  [SFDP_QE_SR2_BIT1_READ] = { READ_STATUS2, 0x02, WRITE_STATUS1, true },
  [SFDP_QE_SR2_BIT1_31] = { READ_STATUS2, 0x02, WRITE_STATUS2, false },
  [SFDP_QE_UNKNOWN] = { 0, 0, 0, false },
};

static int enable_quad(enum sfdp_quad_enable kind)
{
  const struct quad_enable_way *way = &quad_enable_ways[kind];
  uint8_t bytes[2] = { 0, 0 };
  if (way->read == 0) {
    return PORT_OK;
  }
  int result = quadspi_read(way->read, 0, 0, &bytes[1], 1);
  if (result != PORT_OK || (bytes[1] & way->bit) != 0) {
    return result;
  }
  if (way->with_status1) {
    result = quadspi_read(NOR_READ_STATUS1, 0, 0, &bytes[0], 1);
  }
  bytes[1] |= way->bit;
  if (result == PORT_OK) {
    result = way->with_status1 ? nor_write_status(way->write, bytes, 2) : nor_write_status(way->write, &bytes[1], 1);
  }
  if (result == PORT_OK) {
    result = quadspi_read(way->read, 0, 0, &bytes[1], 1);
  }
  return result == PORT_OK && (bytes[1] & way->bit) == 0 ? PORT_ERROR_PROTECTED : result;
}

static int read_sfdp(struct sfdp *sfdp)
{
  uint8_t header[SFDP_HEADER_SIZE];
  uint8_t table[4u * SFDP_TABLE_DWORDS];
  uint32_t address = 0;
  size_t dwords = 0;
  int result = quadspi_read(READ_SFDP, 0, 0, header, sizeof header);
  if (result != PORT_OK) {
    return result;
  }
  if (sfdp_locate(header, &address, &dwords) != 0) {
    return PORT_ERROR_UNKNOWN;
  }
  if (dwords > SFDP_TABLE_DWORDS) {
    dwords = SFDP_TABLE_DWORDS;
  }
  result = quadspi_read(READ_SFDP, address, 0, table, 4u * dwords);
  if (result == PORT_OK) {
    sfdp_parse(table, dwords, sfdp);
  }
  return result;
}

/* Erase types in ascending order. */
static void copy_erase_types(struct nor_chip *chip, const struct sfdp *sfdp)
{
  struct port_flash_geometry *geometry = &chip->geometry;
  for (uint8_t log2_bytes = 8; log2_bytes < 24u; log2_bytes += 1u) {
    for (uint32_t i = 0; i < SFDP_ERASE_TYPES; i += 1u) {
      const struct sfdp_erase *type = &sfdp->erase[i];
      if (type->log2_bytes == log2_bytes && geometry->erase_sizes < PORT_ERASE_SIZES) {
        geometry->erase[geometry->erase_sizes] =
            (struct port_erase_size){ 1u << log2_bytes, type->typical_us, type->maximum_us };
        chip->erase_opcode[geometry->erase_sizes] = type->opcode;
        geometry->erase_sizes += 1u;
        break;
      }
    }
  }
}

/* The 1-4-4 read must have the two mode clocks on which continuous read depends, and 24 address bits must do. */
static bool usable(const struct sfdp *sfdp, const struct port_flash_geometry *geometry)
{
  bool power_of_two = sfdp->size != 0 && (sfdp->size & (sfdp->size - 1u)) == 0;
  return power_of_two && sfdp->size <= NOR_SIZE_MAX && sfdp->read_opcode != 0 && sfdp->read_mode_clocks == 2u &&
         geometry->erase_sizes > 0;
}

static void read_unique_id(struct nor_chip *chip)
{
  struct port_flash_geometry *geometry = &chip->geometry;
  if (chip->vendor->unique_id &&
      quadspi_read(READ_UNIQUE_ID, 0, 0, geometry->unique_id, sizeof geometry->unique_id) == PORT_OK) {
    geometry->unique_id_length = sizeof geometry->unique_id;
  }
}

static int identify(struct nor_chip *chip)
{
  struct port_flash_geometry *geometry = &chip->geometry;
  int result = quadspi_read(READ_JEDEC_ID, 0, 0, geometry->jedec, sizeof geometry->jedec);
  if (result != PORT_OK) {
    return result;
  }
  if (geometry->jedec[0] == 0xFFu || geometry->jedec[0] == 0x00u) {
    return PORT_ERROR_NO_FLASH;
  }
  struct sfdp sfdp;
  result = read_sfdp(&sfdp);
  if (result != PORT_OK) {
    return result;
  }
  chip->vendor = nor_vendor_of(geometry->jedec[0]);
  copy_erase_types(chip, &sfdp);
  if (!usable(&sfdp, geometry)) {
    return PORT_ERROR_UNKNOWN;
  }
  geometry->size = sfdp.size;
  geometry->page = sfdp.page;
  geometry->program_typical_us = sfdp.program_typical_us;
  geometry->program_maximum_us = sfdp.program_maximum_us;
  nor_default_times(geometry->jedec, geometry);
  chip->read_opcode = sfdp.read_opcode;
  chip->read_wait_clocks = sfdp.read_wait_clocks;
  chip->quad_enable = chip->vendor->quad_enable != SFDP_QE_UNKNOWN ? chip->vendor->quad_enable : sfdp.quad_enable;
  read_unique_id(chip);
  return enable_quad(chip->quad_enable);
}

int nor_start(struct nor_chip *chip)
{
  memset(chip, 0, sizeof *chip);
  connect_pins();
  int result = quadspi_start(IDENTIFY_DIVIDER, NOR_SIZE_MAX);
  if (result == PORT_OK) {
    result = reset_chip();
  }
  if (result == PORT_OK) {
    result = identify(chip);
  }
  return result == PORT_OK ? quadspi_start(NOR_DIVIDER, chip->geometry.size) : result;
}
