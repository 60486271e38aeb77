/* The emulated board, as boards/emulated.json has it. On the chip this header is generated. */
#ifndef BOARD_H
#define BOARD_H

#define BOARD_NAME "emulated"
#define BOARD_FLASH_BASE 0x90000000u
#define BOARD_APPLICATION_ADDRESS 0x90100000u
#define BOARD_APPLICATION_LENGTH 0xEFC000u
#define BOARD_JOURNAL_ADDRESS 0x90FFC000u
#define BOARD_JOURNAL_LENGTH 0x4000u
#define BOARD_LOG_ADDRESS 0x90040000u /* for the tests of the chain: this board has none in external flash */
#define BOARD_LOG_LENGTH 0x20000u
#define BOARD_RESERVED_COUNT 1
#define BOARD_RESERVED { { 0x90FFC000u, 0x4000u } }

#endif
