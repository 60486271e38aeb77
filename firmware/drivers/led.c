#include "led.h"

#include "board.h"
#include "gpio.h"
#include "stm32h750.h"

#if BOARD_LED_PRESENT

static const struct pin pin_led = BOARD_LED_PIN;

void led_start(void)
{
  gpio_enable(pin_led.port);
  led_write(false);
  gpio_mode(pin_led, GPIO_MODE_OUTPUT);
}

void led_write(bool on)
{
  gpio_write(pin_led, on == (BOARD_LED_ACTIVE_HIGH != 0));
}

#else

void led_start(void)
{
}

void led_write(bool on)
{
  (void)on;
}

#endif
