/* The chip as a whole: identity, a host's presence, reset. */
#include <string.h>

#include "clock.h"
#include "gpio.h"
#include "nor_flash.h"
#include "port.h"
#include "probe.h"
#include "stm32h750.h"
#include "time.h"
#include "usb_device.h"

#define CHARGE_US 3u
#define DISCHARGE_US 50u

void port_identify(struct port_identity *identity)
{
  for (uint32_t i = 0; i < 3u; i += 1u) {
    uint32_t word = UNIQUE_ID[i];
    memcpy(identity->unique_id + 4u * i, &word, sizeof word);
  }
  identity->device = DBGMCU->IDC;
  identity->reset_cause = RCC->RSR; /* RMVF is never written: the application finds the flags, too */
  identity->cpu_hz = clock_cpu_hz();
  identity->qspi_hz = nor_flash_clock_hz();
}

/*
 * A host's port pulls D+ down with 15 kOhm (USB 2.0, 7.1.5). D+ is driven high for a moment, then left floating: through
 * the pull-down even 500 pF of cable and pin are empty after 5 x 7.5 us; without a host nothing but the input's leakage
 * discharges the line, and it reads high. A full-speed host sees a high pulse of 3 us, far below the 2.5 ms it waits
 * before it takes D+ for a device (7.1.7.3). Afterwards the pin is analog again, as after reset.
 */
bool port_usb_host_present(void)
{
  static const struct pin pin_dp = { 0, 12, 0 };
  uint32_t clocks = RCC->AHB4ENR;
  gpio_enable(pin_dp.port);
  gpio_write(pin_dp, true);
  gpio_mode(pin_dp, GPIO_MODE_OUTPUT);
  time_wait_us(CHARGE_US);
  gpio_mode(pin_dp, GPIO_MODE_INPUT);
  time_wait_us(DISCHARGE_US);
  bool high = gpio_read(pin_dp);
  gpio_mode(pin_dp, GPIO_MODE_ANALOG);
  gpio_write(pin_dp, false);
  RCC->AHB4ENR = clocks;
  return !high;
}

void port_reset(void)
{
  if (!probe_serves()) {
    usb_stop();
  }
  __disable_irq();
  /* What was written last before a reset can be lost in a write buffer: that is now this word, and no magic value. */
  static volatile uint32_t last_words;
  last_words = 0;
  (void)last_words;
  __DSB();
  NVIC_SystemReset();
}
