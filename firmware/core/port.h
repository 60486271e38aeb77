/*
 * All that the core sees of the hardware. The drivers implement it on the chip; the unit tests implement it on
 * the PC. Functions return 0 or a positive result when they succeed, and one of the negative codes below.
 * Flash offsets are bytes from the start of the external flash chip.
 */
#ifndef PORT_H
#define PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  PORT_OK = 0,
  PORT_BUSY = 1,               /* the operation goes on; ask again */
  PORT_ERROR_NO_FLASH = -1,    /* the chip answers FFh or 00h to 9Fh */
  PORT_ERROR_UNKNOWN = -2,     /* SFDP unusable */
  PORT_ERROR_TIMEOUT = -3,     /* beyond the maximum time of the data sheet */
  PORT_ERROR_PROTECTED = -4,   /* block protection is on and stays on */
  PORT_ERROR_ECC = -5,         /* the flash word holds a double ECC error */
  PORT_ERROR_LOG = -6,         /* the internal flash refused the word */
  PORT_ERROR_BUS = -7,         /* the peripheral reported an error */
  PORT_ERROR_RNG = -8,         /* a health test of the random number generator failed */
  PORT_ERROR_OPTION = -9,      /* the chip did not take the option bytes */
  PORT_ERROR_CHAIN = -10,      /* the log is not what was written here */
};

/* --- time ------------------------------------------------------------------------------------------- */

/* Milliseconds since reset; wraps. */
uint32_t port_millis(void);

/* For loops that take longer than a watchdog may wait. The main loop feeds it anyway. */
void port_watchdog_feed(void);

/* --- the byte pipe to the PC -------------------------------------------------------------------------- */

/* Takes up to `size` received bytes. Returns how many; 0 when none are there. While nobody takes bytes, USB
   answers NAK, and a probe keeps its own: nothing is lost. */
size_t port_link_read(uint8_t *bytes, size_t size);

/* Hands over up to `size` bytes for sending. Returns how many were taken; 0 when the buffer is full. */
size_t port_link_write(const uint8_t *bytes, size_t size);

/* Changes whenever what was said before no longer counts: USB reset, disconnect, configuration, DTR dropped. */
uint32_t port_link_generation(void);

/* All bytes handed over have left for the PC, or there is no PC. */
bool port_link_drained(void);

/* --- checks and hashes ----------------------------------------------------------------------------------- */

/* CRC-32 as in docs/protocol.md, section 2. */
uint32_t port_crc32(const uint8_t *bytes, size_t size);

/* SHA-256, one at a time. `size` is a multiple of 4 in every call but the last before `port_sha256_end`. */
void port_sha256_begin(void);
void port_sha256_add(const uint8_t *bytes, size_t size);

/* Adds what the external flash holds, at the speed at which it can be read. As port_flash_read. */
int port_sha256_add_flash(uint32_t offset, size_t size);
int port_sha256_end(uint8_t digest[32]);

/* Bytes of the chip's random number generator. PORT_ERROR_RNG: no health test may be ignored; `bytes` holds nothing. */
int port_random(uint8_t *bytes, size_t size);

/* RNG_SR as it was when port_random last failed. */
uint32_t port_random_error(void);

/* --- the external flash chip --------------------------------------------------------------------------- */

#define PORT_ERASE_SIZES 4

struct port_erase_size {
  uint32_t bytes;
  uint32_t typical_us;
  uint32_t maximum_us;
};

struct port_flash_geometry {
  uint32_t size;                                     /* bytes */
  uint16_t page;                                     /* bytes a program operation */
  uint8_t jedec[3];
  uint8_t unique_id_length;                          /* 0 or 8 */
  uint8_t unique_id[8];
  uint32_t program_typical_us;
  uint32_t program_maximum_us;
  uint8_t erase_sizes;                               /* used entries of `erase`, ascending */
  struct port_erase_size erase[PORT_ERASE_SIZES];
};

/* Resets the chip out of any state and identifies it. Call once after start; may be called again. */
int port_flash_start(struct port_flash_geometry *geometry);

/* Reads; only while no erase or program is under way. */
int port_flash_read(uint32_t offset, uint8_t *bytes, size_t size);

/* Starts erasing the unit of `bytes` bytes (one of the geometry's) at `offset`. */
int port_flash_erase(uint32_t offset, uint32_t bytes);

/* Starts programming 1..page bytes inside one page. */
int port_flash_program(uint32_t offset, const uint8_t *bytes, size_t size);

/* State of what was started last: PORT_BUSY, PORT_OK once it is done, or an error. Does not wait. */
int port_flash_poll(void);

/* Status registers 1 to 3. Allowed while busy. */
int port_flash_status(uint8_t status[3]);

/* Clears the block-protect bits (docs/protocol.md, UNPROTECT). Waits up to 15 ms. */
int port_flash_unprotect(void);

/* --- the log: internal flash, or for IMSSBL the chain in external flash (second_stage/chain.h) ----------------------------- */

#define PORT_LOG_WORDS 2048u
#define PORT_LOG_WORD_SIZE 32u

/*
 * Call once, after port_flash_start and before the others. Fails when the log can be believed in nothing: PORT_ERROR_CHAIN
 * when somebody else changed it, or why the flash cannot be read.
 */
int port_log_start(void);

/* `index` is 0..PORT_LOG_WORDS-1. PORT_ERROR_ECC leaves `word` untouched. */
int port_log_read(uint32_t index, uint8_t word[PORT_LOG_WORD_SIZE]);

/* Are all of the `count` words from `index` on blank? False also when one answers with an ECC error: port_log_read
   tells of each, and costs much more. */
bool port_log_blank(uint32_t index, uint32_t count);
int port_log_program(uint32_t index, const uint8_t word[PORT_LOG_WORD_SIZE]);

/* Of the last port_log_program that failed: FLASH_SR1 as it was, or the address where the log is in external flash. */
uint32_t port_log_error(void);

/* What port_log_error is, for messages: # stands for it. */
extern const char port_log_error_text[];

/* --- the bootloader itself --------------------------------------------------------------------------------- */

#define PORT_SECTOR_IMAGE_MAX 0x10000u

/* A new content of the internal flash's sector: everything else in it becomes blank. */
struct port_sector {
  const uint8_t *image; /* from the sector's start */
  uint32_t length;      /* bytes, a multiple of 4 */
  const uint8_t *log;   /* words of PORT_LOG_WORD_SIZE bytes */
  uint32_t log_offset;  /* in the sector, a multiple of PORT_LOG_WORD_SIZE */
  uint32_t log_words;
};

/* May the sector be replaced at all? PORT_ERROR_OPTION: the option bytes protect it, or it is not ours. */
int port_sector_replaceable(void);

/* PORT_SECTOR_IMAGE_MAX bytes in RAM for a new image; NULL where the sector is not replaceable because it is not ours. */
uint8_t *port_sector_staging(void);

/*
 * Leaves the bus, erases the sector, writes it from RAM and resets the chip. Power lost meanwhile leaves a chip that only
 * ST's ROM bootloader or a probe brings back. Both buffers lie in RAM. Returns only in unit tests.
 */
void port_sector_replace(const struct port_sector *sector);

/* --- the chip around ------------------------------------------------------------------------------------- */

/* Backup registers in a row, from RTC_BKP0R on or from where the board says (docs/protocol.md, section 8). */
#define PORT_BACKUP_REQUEST 0u
#define PORT_BACKUP_ADDRESS 1u
#define PORT_BACKUP_FAILURES 2u

uint32_t port_backup_read(uint32_t index);
void port_backup_write(uint32_t index, uint32_t value);

/* Is a USB host's pull-down on the data lines? Needs no VBUS pin. Only before USB is started. */
bool port_usb_host_present(void);

/* The host has configured the device. */
bool port_usb_configured(void);

struct port_identity {
  uint8_t unique_id[12]; /* as at 0x1FF1_E800, lowest address first */
  uint32_t device;       /* DBGMCU_IDC */
  uint32_t reset_cause;  /* RCC_RSR as found at this start */
  uint32_t cpu_hz;
  uint32_t qspi_hz;
};

void port_identify(struct port_identity *identity);

/* Read-out protection (RDP): 0, 1 or 2. */
uint8_t port_rdp_level(void);

/* Sets it by the option bytes; 0 or 1, and never down from 1, which would erase the flash under the bootloader's feet.
   PORT_ERROR_OPTION when the chip did not take it. */
int port_rdp_set(uint8_t level);

/* Leaves the bus and resets the chip. Returns only in unit tests. */
void port_reset(void);

#endif
