/*
 * Measure: how fast the external flash is where the application runs from it. Raises the core to 400 MHz and the flash to
 * HCLK / 2 = 100 MHz (the bootloader leaves QUADSPI on HCLK3), reads and runs from the window with caches off and on, and
 * prints bytes and core cycles of each. On the emulated board it says something with `--time model` only.
 */
#include "board_io.h"
#include "cycles.h"

/* Keeps both issue slots busy, with 8 bytes of code a cycle. */
#define STRAIGHT(pairs) \
  __asm volatile(".rept " #pairs "\n\tadd.w r0, r0, #1\n\tadd.w r1, r1, #1\n\t.endr\n\tbx lr")

#define WALK_BYTES 0x100000u
#define WALK_FROM 0x90200000u
#define STRIDE 0x1000u
#define AGAIN_BYTES 0x2000u
#define STRAIGHT_BYTES 0x8000u
#define LOOP_BYTES 0x800u
#define LOOP_TURNS 64u
#define CORE_HZ 400000000u

/* Twice the size of the I-cache: every line of it is a miss. */
__attribute__((naked, noinline)) static void straight(void)
{
  STRAIGHT(4096);
}

__attribute__((naked, noinline)) static void loop_in_window(void)
{
  STRAIGHT(256);
}

__attribute__((naked, noinline, section(".itcm_text"))) static void loop_in_itcm(void)
{
  STRAIGHT(256);
}

/* From ITCM: its fetches shall not compete with its reads. */
__attribute__((noinline, section(".itcm_text"))) static uint32_t walk(uint32_t stride, uint32_t bytes)
{
  const uint32_t begin = cycles_now();
  for (uint32_t at = WALK_FROM; at < WALK_FROM + bytes; at += 8u * stride) {
#pragma GCC unroll 8
    for (uint32_t word = 0; word < 8u; word++) {
      (void)*(const volatile uint32_t *)(uintptr_t)(at + word * stride);
    }
  }
  return cycles_now() - begin;
}

__attribute__((noinline, section(".itcm_text"))) static uint32_t run(void (*code)(void), uint32_t turns)
{
  const uint32_t begin = cycles_now();
  for (uint32_t turn = 0; turn < turns; turn++) {
    code();
  }
  return cycles_now() - begin;
}

static void report(const char *what, uint32_t bytes, uint32_t cycles)
{
  io_print("measure: ");
  io_print(what);
  io_print(": ");
  io_print_decimal(bytes);
  io_print(" bytes in ");
  io_print_decimal(cycles);
  io_print(" cycles, ");
  io_print_decimal((uint32_t)((uint64_t)bytes * (CORE_HZ / 100000u) / cycles));
  io_print("00 kB/s\r\n");
}

int main(void)
{
  uint32_t cycles[9];
  cycles_start();
  cycles[0] = walk(4, WALK_BYTES);
  cycles[1] = walk(STRIDE, WALK_BYTES);
  cycles[2] = run(straight, 1);
  cache_enable_instructions();
  cycles[3] = run(straight, 1);
  (void)run(loop_in_window, 1);
  cycles[4] = run(loop_in_window, LOOP_TURNS);
  cycles[5] = run(loop_in_itcm, LOOP_TURNS);
  cache_enable_data();
  cycles[6] = walk(4, WALK_BYTES);
  cycles[7] = walk(STRIDE, WALK_BYTES);
  (void)walk(4, AGAIN_BYTES);
  cycles[8] = walk(4, AGAIN_BYTES);

  io_init();
  io_clock_changed(CORE_HZ / 4u);
  io_print("measure: core 400 MHz, flash ");
  io_print_decimal(CORE_HZ / 2u / (cycles_flash_divider() * 1000000u));
  io_print(" MHz\r\n");
  report("read in order, D-cache off", WALK_BYTES, cycles[0]);
  report("read in order, D-cache on", WALK_BYTES, cycles[6]);
  report("a word every 4 KiB, D-cache off", WALK_BYTES / STRIDE * 4u, cycles[1]);
  report("a word every 4 KiB, D-cache on", WALK_BYTES / STRIDE * 4u, cycles[7]);
  report("read 8 KiB again, D-cache on", AGAIN_BYTES, cycles[8]);
  report("run 32 KiB once, I-cache off", STRAIGHT_BYTES, cycles[2]);
  report("run 32 KiB once, I-cache on", STRAIGHT_BYTES, cycles[3]);
  report("run 2 KiB again, I-cache on", LOOP_BYTES * LOOP_TURNS, cycles[4]);
  report("run 2 KiB again, in ITCM", LOOP_BYTES * LOOP_TURNS, cycles[5]);
  io_print("measure: done\r\n");
  for (;;) {
    __asm volatile("wfi");
  }
}
