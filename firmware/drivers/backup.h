/* RTC backup registers by their number, 0..31. They keep over resets, and with a battery over power-off. */
#ifndef BACKUP_H
#define BACKUP_H

#include <stdint.h>

uint32_t backup_read(uint32_t number);
void backup_write(uint32_t number, uint32_t value);

#endif
