/*
 * A first stage of our own for the emulated board, where the closed one of SP Racing's H7 boards cannot be: it copies an
 * EXST image to RAM, verifies it and jumps, and leaves the machine as dirty as it got (leave.h). It has neither DFU nor
 * configuration; what it does is docs/imssbl.md, "The first stage".
 */
#include <stdint.h>
#include <string.h>

#include "board.h"
#include "board_io.h"
#include "clock.h"
#include "exst.h"
#include "fat.h"
#include "leave.h"
#include "led.h"
#include "mpu.h"
#include "nor_flash.h"
#include "port.h"
#include "sd_card.h"
#include "stm32h750.h"
#include "time.h"

int main(void);
void fault_handler(void);
void OTG_FS_IRQHandler(void);

/* As SP Racing's: three blinks and a pause when there is no valid firmware. */
#define FAILURE_BLINKS 3u
#define BLINK_MS 200u
#define PAUSE_MS 1000u

static uint8_t *const image = (uint8_t *)BOARD_FIRST_STAGE_LOAD_ADDRESS;

__attribute__((used)) void fault_handler(void)
{
  while (true) {
  }
}

__attribute__((used)) void OTG_FS_IRQHandler(void)
{
}

static void sleep(uint32_t milliseconds)
{
  uint32_t start = port_millis();
  while (port_millis() - start < milliseconds) {
    __WFI(); /* SysTick ends it */
  }
}

static _Noreturn void fail(const char *why)
{
  (void)clock_stop();
  time_set_cpu_hz(64000000u);
  io_init();
  io_print("first stage: ");
  io_print(why);
  io_print("\r\n");
  led_start();
  while (true) {
    for (uint32_t i = 0; i < FAILURE_BLINKS; i += 1u) {
      led_write(true);
      sleep(BLINK_MS);
      led_write(false);
      sleep(BLINK_MS);
    }
    sleep(PAUSE_MS);
  }
}

/* What was copied lies in the D-cache; instructions are fetched past it. */
static void copy_from_slot(void)
{
  memcpy(image, (const void *)BOARD_SLOT_ADDRESS, BOARD_SLOT_LENGTH);
  SCB_CleanDCache();
  SCB_InvalidateICache();
}

/* As SP Racing's: a card with the file goes before external flash. */
static bool loaded_from_card(void)
{
  bool loaded = sd_card_start() && fat_read_file(BOARD_SD_CARD_FILE, image, BOARD_SLOT_LENGTH);
  SCB_CleanDCache();
  SCB_InvalidateICache();
  return loaded && exst_valid(image, BOARD_SLOT_LENGTH);
}

int main(void)
{
  struct port_flash_geometry geometry;
  time_start();
  mpu_close_flash_window();
  if (clock_start() != PORT_OK) {
    fail("no clock");
  }
  time_set_cpu_hz(clock_cpu_hz());
  SCB_EnableDCache();
  if (port_flash_start(&geometry) != PORT_OK || nor_flash_map() != PORT_OK) {
    fail("no flash chip");
  }
  mpu_open_flash_window(nor_flash_size());
  if (loaded_from_card()) {
    leave_to(BOARD_FIRST_STAGE_LOAD_ADDRESS);
  }
  copy_from_slot();
  if (!exst_valid(image, BOARD_SLOT_LENGTH)) {
    fail("no valid firmware: the hash of the image in external flash is wrong");
  }
  leave_to(BOARD_FIRST_STAGE_LOAD_ADDRESS);
}
