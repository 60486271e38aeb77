#include "gpio.h"

#include "stm32h750.h"

static void set_two_bits(volatile uint32_t *reg, uint32_t number, uint32_t value)
{
  *reg = (*reg & ~(3u << (2u * number))) | value << (2u * number);
}

void gpio_enable(uint32_t port)
{
  RCC->AHB4ENR |= RCC_AHB4ENR_GPIOAEN << port;
  (void)RCC->AHB4ENR;
}

void gpio_mode(struct pin pin, uint32_t mode)
{
  set_two_bits(&GPIO_PORT(pin.port)->MODER, pin.number, mode);
}

void gpio_alternate(struct pin pin, uint32_t pull)
{
  struct gpio_registers *port = GPIO_PORT(pin.port);
  volatile uint32_t *function = pin.number < 8u ? &port->AFRL : &port->AFRH;
  uint32_t shift = 4u * (pin.number & 7u);
  gpio_enable(pin.port);
  set_two_bits(&port->OSPEEDR, pin.number, GPIO_SPEED_VERY_HIGH);
  set_two_bits(&port->PUPDR, pin.number, pull);
  *function = (*function & ~(0xFu << shift)) | (uint32_t)pin.alternate << shift;
  gpio_mode(pin, GPIO_MODE_ALTERNATE);
}

void gpio_write(struct pin pin, bool high)
{
  GPIO_PORT(pin.port)->BSRR = 1u << (pin.number + (high ? 0u : 16u));
}

bool gpio_read(struct pin pin)
{
  return (GPIO_PORT(pin.port)->IDR >> pin.number & 1u) != 0;
}
