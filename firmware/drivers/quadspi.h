/*
 * QUADSPI controller: commands in indirect mode, automatic status polling, memory-mapped mode. RM0433 section 23.3.
 * A command is described by its QUADSPI_CCR value without FMODE (QSPI_COMMAND below).
 */
#ifndef QUADSPI_H
#define QUADSPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stm32h750.h"

/* Lines of a phase: 0 (none), 1 or 4. ADMODE and others encode 4 lines as 3. */
#define QSPI_LINES(n) ((n) == 4 ? 3u : (uint32_t)(n))
#define QSPI_ADDRESS_24 2u
#define QSPI_ALTERNATE_8 0u

#define QSPI_COMMAND(opcode, instruction_lines, address_lines, data_lines)                                  \
  (QUADSPI_CCR_INSTRUCTION(opcode) | QUADSPI_CCR_IMODE(QSPI_LINES(instruction_lines)) |                      \
   QUADSPI_CCR_ADMODE(QSPI_LINES(address_lines)) | QUADSPI_CCR_ADSIZE(QSPI_ADDRESS_24) |                     \
   QUADSPI_CCR_DMODE(QSPI_LINES(data_lines)))
#define QSPI_ALTERNATE(lines) (QUADSPI_CCR_ABMODE(QSPI_LINES(lines)) | QUADSPI_CCR_ABSIZE(QSPI_ALTERNATE_8))

/* Starts the controller with the kernel clock divided by `divider` (1..256), every access inside `size` bytes (a power
   of two). Also changes both later on. PORT_ERROR_TIMEOUT when the controller stays busy. */
int quadspi_start(uint32_t divider, uint32_t size);

/* `alternate` is the alternate byte, sent when the command has one. */
int quadspi_command(uint32_t command, uint32_t address);
int quadspi_read(uint32_t command, uint32_t address, uint8_t alternate, uint8_t *bytes, size_t size);
/* As quadspi_read, but the bytes, a multiple of 4, go through the hash processor. */
int quadspi_hash(uint32_t command, uint32_t address, uint8_t alternate, size_t size);
int quadspi_write(uint32_t command, uint32_t address, const uint8_t *bytes, size_t size);

/* The controller reads one byte again and again, every `interval` clocks (1..65535), until (byte & mask) == 0; then
   it stops and interrupts. */
int quadspi_poll_start(uint32_t command, uint32_t mask, uint32_t interval);
bool quadspi_poll_matched(void);

/* Ends whatever is under way, polling and memory-mapped mode included. */
int quadspi_abort(void);

/* Memory-mapped reads with `command`; `mode` is the alternate byte. `size` is the chip's, in bytes. */
int quadspi_map(uint32_t command, uint8_t mode, uint32_t size);

#endif
