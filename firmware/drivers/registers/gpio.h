/* General-purpose I/Os. RM0433 section 11.4. */
#ifndef REGISTERS_GPIO_H
#define REGISTERS_GPIO_H

#include <stdint.h>

struct gpio_registers {
  volatile uint32_t MODER;
  volatile uint32_t OTYPER;
  volatile uint32_t OSPEEDR;
  volatile uint32_t PUPDR;
  volatile uint32_t IDR;
  volatile uint32_t ODR;
  volatile uint32_t BSRR;
  volatile uint32_t LCKR;
  volatile uint32_t AFRL;
  volatile uint32_t AFRH;
};

#define GPIOA ((struct gpio_registers *)0x58020000u)
/* Ports A..K follow each other. */
#define GPIO_PORT(index) ((struct gpio_registers *)(0x58020000u + 0x400u * (uint32_t)(index)))

#define GPIO_MODE_INPUT 0u
#define GPIO_MODE_OUTPUT 1u
#define GPIO_MODE_ALTERNATE 2u
#define GPIO_MODE_ANALOG 3u /* after reset, but for the debug pins */
#define GPIO_SPEED_LOW 0u
#define GPIO_SPEED_VERY_HIGH 3u
#define GPIO_PULL_NONE 0u
#define GPIO_PULL_UP 1u

#endif
