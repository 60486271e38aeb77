/* The board id of docs/protocol.md, section 6; also the USB serial number. */
#ifndef BOARD_ID_H
#define BOARD_ID_H

#include <stdint.h>

#define BOARD_ID_LENGTH 23u

/* `unique_id` as at 0x1FF1_E800, lowest address first. `text` gets 23 characters and a terminating 0. */
void board_id(const uint8_t unique_id[12], char text[BOARD_ID_LENGTH + 1u]);

#endif
