/* One file in the root folder of a FAT volume: FAT16 or FAT32, on the first partition or without a partition table. */
#ifndef FAT_H
#define FAT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads `size` bytes, whole blocks of 512, of the file whose 8.3 name stands in `name` as in a folder: eleven capital letters,
 * filled up with spaces, no dot. False when there is none, it is shorter, or the card cannot be read.
 */
bool fat_read_file(const char name[12], uint8_t *bytes, uint32_t size);

#endif
