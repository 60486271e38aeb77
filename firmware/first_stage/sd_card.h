/* Reading an SD card on SDMMC1: as much as it takes to load a file. */
#ifndef SD_CARD_H
#define SD_CARD_H

#include <stdbool.h>
#include <stdint.h>

#define SD_BLOCK 512u

/* Identifies the card in the slot and selects it on four lines. False: there is none, or none of high capacity. */
bool sd_card_start(void);

bool sd_card_read(uint32_t block, uint8_t bytes[SD_BLOCK]);

#endif
