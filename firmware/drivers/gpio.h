/* Pins by port index (A = 0) and number. */
#ifndef GPIO_H
#define GPIO_H

#include <stdbool.h>
#include <stdint.h>

struct pin {
  uint8_t port;
  uint8_t number;
  uint8_t alternate;
};

/* Clocks the port. Reset state of all pins but the debug ones is analog. */
void gpio_enable(uint32_t port);

void gpio_mode(struct pin pin, uint32_t mode);

/* Alternate function, very high speed, with GPIO_PULL_*. */
void gpio_alternate(struct pin pin, uint32_t pull);

void gpio_write(struct pin pin, bool high);
bool gpio_read(struct pin pin);

#endif
