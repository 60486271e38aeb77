/* port.h on the PC: a NOR flash chip, a log of ECC words, a pipe, backup registers and a clock that tests turn. */
#ifndef MODEL_H
#define MODEL_H

#include "port.h"

#define MODEL_FLASH_SIZE (16u * 1024u * 1024u)
#define MODEL_PAGE 256u
#define MODEL_PIPE (4u * 1024u * 1024u)

enum model_torn {
  TORN_NOTHING,  /* the operation that was cut off changed nothing */
  TORN_ALL,      /* it was complete */
  TORN_PARTLY,   /* some bits; in the log: a double ECC error */
  TORN_WAYS,
};

struct model {
  uint32_t millis;
  bool host;
  bool configured;
  uint32_t generation;
  uint32_t backup[3];
  unsigned resets; /* port_reset calls */
  uint32_t reset_cause;
  bool other_chip; /* the unique id is another one's */
  uint8_t rdp;     /* read-out protection level */
  bool option_refuses;
  bool sector_protected; /* by the option bytes */
  unsigned replaced;     /* port_sector_replace calls */
  uint32_t image_length; /* of the last one */
  uint32_t random_fault; /* RNG_SR that port_random fails with */
  const uint8_t *random; /* what port_random gives; NULL: something new each time */
  uint32_t random_drawn;

  /* external flash */
  int start_result;
  uint32_t size;           /* of the chip, bytes */
  uint32_t smallest_erase; /* bytes */
  uint8_t status[3];
  bool unprotectable;
  unsigned busy_polls; /* how often the chip is busy after each start */
  unsigned busy;       /* polls left */
  int poll_error;      /* returned instead of PORT_OK */
  int read_error;
  uint32_t stuck; /* offset of a bit 0 that neither erases nor programs, or UINT32_MAX */
  unsigned erases;
  unsigned programs;
  uint64_t reads;
  uint32_t last; /* offset of the last erase or program */

  /* power */
  unsigned operations; /* erases, programs and log words so far */
  unsigned cut_at;     /* the power goes in this operation; 0: never */
  enum model_torn torn;
  uint64_t torn_seed;
  bool off;
  unsigned polls_off;

  /* log */
  int log_start; /* what port_log_start says */
  bool log_refuses;
  unsigned log_programs;

  /* pipe */
  size_t to_board;      /* bytes that the PC sent */
  size_t to_board_read; /* of these taken */
  size_t to_pc;
  size_t to_pc_limit; /* the board's total may not go beyond */
  bool holds_bytes;   /* port_link_drained says no */
};

extern struct model model;
extern uint8_t model_flash[MODEL_FLASH_SIZE];
extern uint8_t model_log[PORT_LOG_WORDS][PORT_LOG_WORD_SIZE];
extern bool model_log_bad[PORT_LOG_WORDS]; /* a double ECC error */
extern uint8_t model_image[PORT_SECTOR_IMAGE_MAX]; /* what port_sector_replace was given */
extern uint8_t model_to_board[MODEL_PIPE];
extern uint8_t model_to_pc[MODEL_PIPE];

/* A new board: blank flash, blank log. */
void model_new(void);

/* Power off and on: both flashes keep their content. */
void model_power_cycle(void);

/*
 * All pages in the range give something else, each time, for `reads` reads, or until they are erased: as those do in which an
 * operation was cut off.
 */
void model_set_noisy(uint32_t offset, size_t size, uint8_t reads);

/* What docs/protocol.md says of SHA-256 and CRC, by OpenSSL and bit by bit. */
void model_sha256(const uint8_t *bytes, size_t size, uint8_t digest[32]);

#endif
