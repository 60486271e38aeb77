#include <stdbool.h>
#include <stdint.h>

#include "bootloader.h"
#include "clock.h"
#include "event.h"
#include "fault.h"
#include "jump.h"
#include "led.h"
#include "mpu.h"
#include "port.h"
#include "probe.h"
#include "stm32h750.h"
#include "take_over.h"
#include "time.h"
#include "usb_device.h"

#define BLINK_MS 500u
#define HEALTHY_MS 10000u

/*
 * The D-cache stays off in the bootloader: all its data is in DTCM, which is never cached, or passes through once, and
 * reads of internal flash words that may hold an ECC error must reach the flash. Start-up has enabled the I-cache.
 */
static void start_machine(void)
{
  time_start();
  fault_start();
  mpu_close_flash_window();
  take_over();
  (void)clock_start(); /* without the PLL everything goes on, on HSI; INFO tells the clock */
  time_set_cpu_hz(clock_cpu_hz());
  port_watchdog_feed();
}

static void show_life(void)
{
  static bool forgiven;
  uint32_t now = port_millis();
  led_write(now / BLINK_MS % 2u == 0);
  if (!forgiven && now >= HEALTHY_MS) {
    forgiven = true;
    fault_forgive();
  }
}

int main(void)
{
  start_machine();
  struct boot_decision decision = bootloader_decide();
  if (decision.outcome == BOOT_RUN) {
    jump_to(decision.address);
  }
  led_start();
  if (decision.probe) {
    probe_start();
  } else {
    (void)usb_start(); /* without USB nobody can be told; the window still passes and runs the application */
  }
  bootloader_start(decision);
  while (true) {
    event_clear();
    bool more = bootloader_poll();
    port_watchdog_feed();
    show_life();
    if (!more && probe_serves() && bootloader_resting()) {
      probe_exchange();
    } else if (!more) {
      event_wait();
    }
  }
}
