/* The board's LED, if it has one. */
#ifndef LED_H
#define LED_H

#include <stdbool.h>

void led_start(void);
void led_write(bool on);

#endif
