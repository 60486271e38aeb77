/* Reading, erasing, programming, and execution in place. Times and opcodes are the chip's own (nor_start.c). */
#include "nor_flash.h"

#include <string.h>

#include "board.h"
#include "clock.h"
#include "nor_internal.h"

/* Mode bits M7-0 of the 1-4-4 read: M5-4 = 10b keeps continuous read, all ones ends it (W25Q128JV, EBh). */
#define MODE_CONTINUOUS 0xA0u
#define MODE_ONCE 0xFFu

#define PAGE_PROGRAM QSPI_COMMAND(0x02, 1, 1, 1)
#define QUAD_PAGE_PROGRAM QSPI_COMMAND(0x32, 1, 1, 4)
#define WRITE_STATUS1 QSPI_COMMAND(0x01, 1, 0, 1)
#define WRITE_STATUS2 QSPI_COMMAND(0x31, 1, 0, 1)
#define WRITE_STATUS3 QSPI_COMMAND(0x11, 1, 0, 1)
#define STATUS2_CMP 0x40u
#define STATUS3_WPS 0x04u

/* The status is polled this many times in the typical time of an operation: of a page program, more than that is lost
   otherwise. Nobody else needs the bus. */
#define POLLS 800u
#define INTERVAL_MAX 2000u /* clocks: 20 us at 100 MHz */

static struct nor_chip chip;
static int pending = PORT_OK; /* what port_flash_poll returns next, if nothing new is learnt */
static bool overdue;          /* an operation was given up, and the chip may still be at it */
static uint32_t started_ms;
static uint32_t maximum_ms;
static uint32_t interval;

int port_flash_start(struct port_flash_geometry *geometry)
{
  int result = nor_start(&chip);
  *geometry = chip.geometry;
  if (result != PORT_OK) {
    chip.geometry.size = 0;
  }
  pending = PORT_OK;
  overdue = false;
  return result;
}

uint32_t nor_flash_size(void)
{
  return chip.geometry.size;
}

uint32_t nor_flash_clock_hz(void)
{
  return clock_hclk_hz() / NOR_DIVIDER;
}

static bool outside(uint32_t offset, size_t size)
{
  return size > chip.geometry.size || offset > chip.geometry.size - size;
}

/* A busy chip leaves its lines alone when it is read: all ones, which would pass for blank flash. It ignores all else. */
static int ready(void)
{
  if (pending == PORT_BUSY) {
    return PORT_ERROR_BUS;
  }
  if (!overdue) {
    return PORT_OK;
  }
  uint8_t status = 0;
  int result = quadspi_read(NOR_READ_STATUS1, 0, 0, &status, 1);
  if (result != PORT_OK) {
    return result;
  }
  overdue = (status & NOR_STATUS1_BUSY) != 0;
  return overdue ? PORT_ERROR_TIMEOUT : PORT_OK;
}

static uint32_t quad_read(void)
{
  return QSPI_COMMAND(chip.read_opcode, 1, 4, 4) | QSPI_ALTERNATE(4) | QUADSPI_CCR_DCYC(chip.read_wait_clocks);
}

int port_flash_read(uint32_t offset, uint8_t *bytes, size_t size)
{
  if (outside(offset, size)) {
    return PORT_ERROR_BUS;
  }
  int result = ready();
  if (result != PORT_OK || size == 0) {
    return result;
  }
  return quadspi_read(quad_read(), offset, MODE_ONCE, bytes, size);
}

int port_sha256_add_flash(uint32_t offset, size_t size)
{
  size_t words = size & ~(size_t)3u;
  if (outside(offset, size)) {
    return PORT_ERROR_BUS;
  }
  int result = ready();
  if (result == PORT_OK && words != 0) {
    result = quadspi_hash(quad_read(), offset, MODE_ONCE, words);
  }
  if (result == PORT_OK && words < size) {
    uint8_t rest[4];
    result = quadspi_read(quad_read(), offset + (uint32_t)words, MODE_ONCE, rest, size - words);
    port_sha256_add(rest, size - words);
  }
  return result;
}

/* Lets the controller watch the busy bit; the main loop may sleep. */
static int watch(uint32_t typical_us, uint32_t maximum_us)
{
  uint32_t clocks = nor_flash_clock_hz() / 1000000u * typical_us / POLLS;
  interval = clocks > INTERVAL_MAX ? INTERVAL_MAX : clocks;
  started_ms = port_millis();
  maximum_ms = maximum_us / 1000u + 2u; /* the tick's own millisecond, and rounding */
  int result = quadspi_poll_start(NOR_READ_STATUS1, NOR_STATUS1_BUSY, interval);
  pending = result == PORT_OK ? PORT_BUSY : result;
  return result;
}

int port_flash_erase(uint32_t offset, uint32_t bytes)
{
  const struct port_flash_geometry *geometry = &chip.geometry;
  uint32_t i = 0;
  while (i < geometry->erase_sizes && geometry->erase[i].bytes != bytes) {
    i += 1u;
  }
  if (i == geometry->erase_sizes || outside(offset, bytes)) {
    return PORT_ERROR_BUS;
  }
  int result = ready();
  if (result == PORT_OK) {
    result = nor_write_enable();
  }
  if (result == PORT_OK) {
    result = quadspi_command(QSPI_COMMAND(chip.erase_opcode[i], 1, 1, 0), offset);
  }
  return result == PORT_OK ? watch(geometry->erase[i].typical_us, geometry->erase[i].maximum_us) : result;
}

int port_flash_program(uint32_t offset, const uint8_t *bytes, size_t size)
{
  const struct port_flash_geometry *geometry = &chip.geometry;
  if (size == 0 || outside(offset, size) || offset % geometry->page + size > geometry->page) {
    return PORT_ERROR_BUS;
  }
  int result = ready();
  if (result == PORT_OK) {
    result = nor_write_enable();
  }
  if (result == PORT_OK) {
    result = quadspi_write(chip.vendor->quad_program ? QUAD_PAGE_PROGRAM : PAGE_PROGRAM, offset, bytes, size);
  }
  return result == PORT_OK ? watch(geometry->program_typical_us, geometry->program_maximum_us) : result;
}

int port_flash_poll(void)
{
  if (pending != PORT_BUSY) {
    return pending;
  }
  if (quadspi_poll_matched()) {
    pending = PORT_OK;
  } else if (port_millis() - started_ms > maximum_ms) {
    (void)quadspi_abort();
    pending = PORT_OK;
    overdue = true;
    return PORT_ERROR_TIMEOUT;
  }
  return pending;
}

int port_flash_status(uint8_t status[3])
{
  if (chip.geometry.size == 0) {
    return PORT_ERROR_NO_FLASH;
  }
  bool busy = port_flash_poll() == PORT_BUSY;
  int result = busy ? quadspi_abort() : PORT_OK;
  if (result == PORT_OK) {
    result = nor_read_status(chip.vendor, status);
  }
  if (busy) {
    int polling = quadspi_poll_start(NOR_READ_STATUS1, NOR_STATUS1_BUSY, interval);
    pending = polling == PORT_OK ? PORT_BUSY : polling;
  }
  return result;
}

/* Writes `value` with `command` when it differs from what the register holds. */
static int change_status(uint32_t command, uint8_t old, uint8_t value)
{
  return old == value ? PORT_OK : nor_write_status(command, &value, 1);
}

/* With the first kind of quad enable (JESD216B), 01h with one byte would clear status register 2. */
static int change_status1(const uint8_t status[3], uint8_t value)
{
  uint8_t both[2] = { value, status[1] };
  if (chip.quad_enable == SFDP_QE_SR2_BIT1_CLEARS && status[0] != value) {
    return nor_write_status(WRITE_STATUS1, both, sizeof both);
  }
  return change_status(WRITE_STATUS1, status[0], value);
}

int port_flash_unprotect(void)
{
  uint8_t status[3];
  if (chip.geometry.size == 0) {
    return PORT_ERROR_NO_FLASH;
  }
  uint8_t keep1 = (uint8_t)~chip.vendor->protect_status1;
  int result = ready();
  if (result == PORT_OK) {
    result = nor_read_status(chip.vendor, status);
  }
  if (result == PORT_OK) {
    result = change_status1(status, status[0] & keep1);
  }
  if (result == PORT_OK && chip.vendor->status2_and_3) {
    result = change_status(WRITE_STATUS2, status[1], status[1] & (uint8_t)~STATUS2_CMP);
    if (result == PORT_OK) {
      result = change_status(WRITE_STATUS3, status[2], status[2] & (uint8_t)~STATUS3_WPS);
    }
  }
  if (result == PORT_OK) {
    result = nor_read_status(chip.vendor, status);
  }
  if (result != PORT_OK) {
    return result;
  }
  bool still = (status[0] & chip.vendor->protect_status1) != 0 || (status[1] & STATUS2_CMP) != 0 ||
               (status[2] & STATUS3_WPS) != 0;
  return still ? PORT_ERROR_PROTECTED : PORT_OK;
}

int nor_flash_map(void)
{
  if (chip.geometry.size == 0) {
    return PORT_ERROR_BUS;
  }
  int result = ready();
  if (result != PORT_OK) {
    return result;
  }
  return quadspi_map(quad_read() | QUADSPI_CCR_SIOO, MODE_CONTINUOUS, chip.geometry.size);
}
