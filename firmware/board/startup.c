/* The vector table, and from Reset_Handler to main. ARMv7-M ARM B1.5.2 and B1.5.5. */
#include "startup.h"

#include <stdint.h>

#include "stm32h750.h"

extern uint32_t stack_top[];
extern uint32_t data_start[];
extern uint32_t data_end[];
extern const uint32_t data_load[];
extern uint32_t bss_start[];
extern uint32_t bss_end[];

int main(void);
void fault_handler(void);
void SysTick_Handler(void);
void QUADSPI_IRQHandler(void);
void OTG_FS_IRQHandler(void);

/* A word: a stack pointer, or a handler. */
union vector {
  uint32_t *stack;
  void (*handler)(void);
};

#define EXCEPTIONS 16

/* Whatever is not enabled and comes all the same is a fault of the bootloader. */
__attribute__((section(".vectors"), used)) static const union vector vectors[EXCEPTIONS + (int)INTERRUPT_COUNT] = {
  [0] = { .stack = stack_top },
  [1] = { .handler = Reset_Handler },
  [2 ... 14] = { .handler = fault_handler },
  [15] = { .handler = SysTick_Handler },
  [EXCEPTIONS... EXCEPTIONS + QUADSPI_IRQn - 1] = { .handler = fault_handler },
  [EXCEPTIONS + QUADSPI_IRQn] = { .handler = QUADSPI_IRQHandler },
  [EXCEPTIONS + QUADSPI_IRQn + 1 ... EXCEPTIONS + OTG_FS_IRQn - 1] = { .handler = fault_handler },
  [EXCEPTIONS + OTG_FS_IRQn] = { .handler = OTG_FS_IRQHandler },
  [EXCEPTIONS + OTG_FS_IRQn + 1 ... EXCEPTIONS + (int)INTERRUPT_COUNT - 1] = { .handler = fault_handler },
};

_Noreturn void startup(void)
{
  SCB->VTOR = (uint32_t)vectors;
  SCB_EnableICache(); /* 64 MHz and seven wait states: the loops below would take four times as long */
  const uint32_t *from = data_load;
  for (uint32_t *to = data_start; to < data_end; to += 1) {
    *to = *from;
    from += 1;
  }
  for (uint32_t *to = bss_start; to < bss_end; to += 1) {
    *to = 0;
  }
  (void)main();
  while (1) {
  }
}
