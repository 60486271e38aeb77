/*
 * Big: an application of more than 1 MiB. The build appends a payload behind the program (examples/big.ts): a word
 * count, the sum of the words modulo 2^32, then the words. The program adds them up where they lie.
 */
#include "board_io.h"

struct payload {
  uint32_t words;
  uint32_t sum;
  uint32_t data[];
};

extern const struct payload _payload;

int main(void) {
  uint32_t sum = 0;
  io_init();
  io_print_greeting("big");
  io_print("\r\nbig: payload of ");
  io_print_decimal(_payload.words * 4u);
  io_print(" bytes at ");
  io_print_hex((uint32_t)(uintptr_t)_payload.data);
  for (uint32_t index = 0; index < _payload.words; index++) {
    sum += _payload.data[index];
  }
  io_print(sum == _payload.sum ? ", sum right " : ", sum WRONG ");
  io_print_hex(sum);
  io_print("\r\n");
  io_led(sum == _payload.sum);
  for (;;) {
    __asm volatile("wfi");
  }
}
