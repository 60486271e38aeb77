/* The identification block, docs/protocol.md section 13.1. The linker knows the length, the build the CRC. */
#include "identity.h"

#include "board.h"
#include "firmware_version.h"

#define LOG_OFFSET 0x10000u

extern const uint8_t image_length[]; /* their addresses are the numbers */
extern const uint8_t image_crc[];

struct block {
  uint32_t magic;
  uint16_t format;
  uint16_t kind;
  uint32_t version;
  const uint8_t *length;
  uint32_t log;
  const uint8_t *crc;
  char board[IDENTITY_BOARD_SIZE];
};

_Static_assert(sizeof(struct block) == IDENTITY_SIZE, "as the protocol's page has it");

__attribute__((section(".identity"), used)) static const struct block block = {
  .magic = IDENTITY_MAGIC,
  .format = IDENTITY_FORMAT,
  .kind = IDENTITY_IMBOOTLOADER,
  .version = FIRMWARE_VERSION_NUMBER,
  .length = image_length,
  .log = LOG_OFFSET,
  .crc = image_crc,
  .board = BOARD_NAME,
};
