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
#define USART(offset) REGISTER(BOARD_CONSOLE_USART_BASE + (offset))
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

static void gpio_mode(uint32_t port, uint32_t pin, uint32_t mode) {
  RCC_AHB4ENR |= 1u << port;
  (void)RCC_AHB4ENR; /* RM0433 8.5.11: the clock is there two cycles later */
  GPIO(port, MODER) = (GPIO(port, MODER) & ~(3u << (2u * pin))) | (mode << (2u * pin));
}

static void gpio_alternate(uint32_t port, uint32_t pin, uint32_t af) {
  const uint32_t offset = AFRL + 4u * (pin / 8u);
  const uint32_t shift = 4u * (pin % 8u);
  gpio_mode(port, pin, 2u);
  GPIO(port, offset) = (GPIO(port, offset) & ~(15u << shift)) | (af << shift);
}

void io_init(void) {
  gpio_mode(BOARD_LED_PORT, BOARD_LED_PIN, 1u);
  gpio_alternate(BOARD_CONSOLE_TX_PORT, BOARD_CONSOLE_TX_PIN, BOARD_CONSOLE_TX_AF);
#if BOARD_CONSOLE_USART_APB == 2
  RCC_APB2ENR |= 1u << BOARD_CONSOLE_USART_ENABLE_BIT;
  (void)RCC_APB2ENR;
#else
  RCC_APB1LENR |= 1u << BOARD_CONSOLE_USART_ENABLE_BIT;
  (void)RCC_APB1LENR;
#endif
  USART(BRR) = (CLOCK_HZ + BOARD_CONSOLE_BAUD / 2u) / BOARD_CONSOLE_BAUD;
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
  const uint32_t level = (on != 0) == (BOARD_LED_ACTIVE_HIGH != 0) ? 0u : 16u;
  GPIO(BOARD_LED_PORT, BSRR) = 1u << (BOARD_LED_PIN + level);
}

void io_tick_every(uint32_t milliseconds) {
  SYSTICK_LOAD = CLOCK_HZ / 1000u * milliseconds - 1u;
  SYSTICK_VAL = 0;
  SYSTICK_CTRL = 7u; /* core clock, interrupt, on */
}
