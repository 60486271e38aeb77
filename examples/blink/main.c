/*
 * Blink: runs in place from external flash, counts in a function that start-up code copied to ITCM, says where
 * it runs, and toggles the LED four times a second.
 */
#include "board_io.h"

static volatile uint32_t ticks;

/* In ITCM: no wait states, and it may run while the flash chip is busy. */
__attribute__((section(".itcm_text"), noinline)) static uint32_t count_tick(void) {
  return ++ticks;
}

void SysTick_Handler(void);
void SysTick_Handler(void) {
  count_tick();
}

int main(void) {
  io_init();
  io_print_greeting("blink");
  io_print(", count_tick in ITCM at ");
  io_print_hex((uint32_t)(uintptr_t)count_tick & ~1u);
  io_print("\r\n");
  io_tick_every(250);
  for (uint32_t seen = 0;;) {
    __asm volatile("wfi");
    if (ticks == seen) {
      continue;
    }
    seen = ticks;
    io_led((int)(seen & 1u));
    if (seen % 4u == 0u) {
      io_print("blink ");
      io_print_decimal(seen / 4u);
      io_print("\r\n");
    }
  }
}
