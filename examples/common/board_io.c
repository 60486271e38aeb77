#include "board_io.h"

#include "board.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* RM0433 2.3.2 memory map, 8.7 RCC, 11.4 GPIO, 48.8 USART */
#define RCC_AHB4ENR REGISTER(0x580244E0u)
#define RCC_APB1LENR REGISTER(0x580244E8u)
#define RCC_APB2ENR REGISTER(0x580244F0u)
#define GPIO(port, offset) REGISTER(0x58020000u + 0x400u * (port) + (offset))
#define MODER 0x00u
#define BSRR 0x18u
#define AFRL 0x20u
#define USART(offset) REGISTER(BOARD_CONSOLE_BASE + (offset))
#define CR1 0x00u
#define BRR 0x0Cu
#define ISR 0x1Cu
#define TDR 0x28u
#define USART_CR1_UE (1u << 0)
#define USART_CR1_TE (1u << 3)
#define USART_ISR_TXE (1u << 7)
#define SYSTICK_CTRL REGISTER(0xE000E010u)
#define SYSTICK_LOAD REGISTER(0xE000E014u)
#define SYSTICK_VAL REGISTER(0xE000E018u)

#define CLOCK_HZ 64000000u

struct pin {
  uint8_t port; /* A = 0 */
  uint8_t number;
  uint8_t af;
};

static const struct pin led = BOARD_LED_PIN;
static const struct pin console_tx = BOARD_CONSOLE_TX;

static void gpio_mode(struct pin pin, uint32_t mode) {
  RCC_AHB4ENR |= 1u << pin.port;
  (void)RCC_AHB4ENR; /* RM0433 8.5.11: the clock is there two cycles later */
  GPIO(pin.port, MODER) = (GPIO(pin.port, MODER) & ~(3u << (2u * pin.number))) | (mode << (2u * pin.number));
}

static void gpio_alternate(struct pin pin) {
  const uint32_t offset = AFRL + 4u * (pin.number / 8u);
  const uint32_t shift = 4u * (pin.number % 8u);
  GPIO(pin.port, offset) = (GPIO(pin.port, offset) & ~(15u << shift)) | ((uint32_t)pin.af << shift);
  gpio_mode(pin, 2u);
}

void io_init(void) {
  gpio_mode(led, 1u);
  RCC_AHB4ENR |= 1u << console_tx.port;
  (void)RCC_AHB4ENR;
  gpio_alternate(console_tx);
#if BOARD_CONSOLE_APB == 2
  RCC_APB2ENR |= 1u << BOARD_CONSOLE_ENABLE_BIT;
  (void)RCC_APB2ENR;
#else
  RCC_APB1LENR |= 1u << BOARD_CONSOLE_ENABLE_BIT;
  (void)RCC_APB1LENR;
#endif
  USART(BRR) = (CLOCK_HZ + BOARD_CONSOLE_BAUD / 2u) / BOARD_CONSOLE_BAUD;
  USART(CR1) = USART_CR1_UE | USART_CR1_TE;
}

void io_clock_changed(uint32_t hz) {
  USART(CR1) = 0;
  USART(BRR) = (hz + BOARD_CONSOLE_BAUD / 2u) / BOARD_CONSOLE_BAUD;
  USART(CR1) = USART_CR1_UE | USART_CR1_TE;
}

void io_print(const char *text) {
  for (; *text != '\0'; text++) {
    while ((USART(ISR) & USART_ISR_TXE) == 0u) {
    }
    USART(TDR) = (uint8_t)*text;
  }
}

void io_print_hex(uint32_t value) {
  char text[11] = "0x";
  for (int digit = 0; digit < 8; digit++) {
    text[2 + digit] = "0123456789abcdef"[(value >> (28 - 4 * digit)) & 15u];
  }
  io_print(text);
}

void io_print_greeting(const char *name) {
  uint32_t pc;
  __asm volatile("mov %0, pc" : "=r"(pc));
  io_print(name);
  io_print(": running from external flash at ");
  io_print_hex(pc);
}

void io_print_decimal(uint32_t value) {
  char text[11];
  char *digit = &text[10];
  *digit = '\0';
  do {
    *--digit = (char)('0' + value % 10u);
    value /= 10u;
  } while (value != 0u);
  io_print(digit);
}

void io_led(int on) {
  const uint32_t reset = (on != 0) == (BOARD_LED_ACTIVE_HIGH != 0) ? 0u : 16u;
  GPIO(led.port, BSRR) = 1u << (led.number + reset);
}

void io_tick_every(uint32_t milliseconds) {
  SYSTICK_LOAD = CLOCK_HZ / 1000u * milliseconds - 1u;
  SYSTICK_VAL = 0;
  SYSTICK_CTRL = 7u; /* core clock, interrupt, on */
}
