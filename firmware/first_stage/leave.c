#include "leave.h"

#include "board.h"
#include "stm32h750.h"

/* ARMv7-M ARM, tables B3-15 and B3-16. */
#define NO_ACCESS 0u
#define FULL_ACCESS (3u << MPU_RASR_AP_Pos)
#define WRITE_THROUGH MPU_RASR_C_Msk
#define SIZE_LOG2(n) ((uint32_t)((n) - 1) << MPU_RASR_SIZE_Pos)

#define DTCM 0x20000000u
#define AXI_SRAM_BASE 0x24000000u

/* Below what BASEPRI lets through, so that it stays pending. */
#define PRIORITY_LOW 0xF0u
#define PRIORITY_MASK 0x80u
#define TIM6_IRQ 54u

static void set_region(uint32_t number, uint32_t base, uint32_t attributes)
{
  MPU->RNR = number;
  MPU->RBAR = base;
  MPU->RASR = attributes | MPU_RASR_ENABLE_Msk;
}

/* A guard below the stack, RAM that is written through, and the flash window as the jump found it. */
static void leave_mpu(void)
{
  set_region(13, AXI_SRAM_BASE, FULL_ACCESS | WRITE_THROUGH | SIZE_LOG2(19));
  set_region(14, BOARD_FLASH_BASE, FULL_ACCESS | WRITE_THROUGH | SIZE_LOG2(24));
  set_region(15, DTCM, NO_ACCESS | SIZE_LOG2(5));
  __DSB();
  __ISB();
}

/* TIM6 counts on and asks for its interrupt every few hundred cycles. */
static void leave_timer(void)
{
  RCC->APB1LENR |= RCC_APB1LENR_TIM6EN;
  (void)RCC->APB1LENR;
  TIM6->ARR = 199;
  TIM6->DIER = TIM6_DIER_UIE;
  TIM6->CR1 = TIM6_CR1_CEN;
  NVIC->IP[TIM6_IRQ] = PRIORITY_LOW;
  NVIC->ISER[TIM6_IRQ / 32u] = 1u << TIM6_IRQ % 32u;
  __set_BASEPRI(PRIORITY_MASK);
}

__attribute__((naked, noreturn)) static void enter(uint32_t stack __attribute__((unused)),
                                                   uint32_t reset __attribute__((unused)))
{
  __asm volatile(".fpu fpv5-d16\n"
                 "mrs r2, msp\n"
                 "msr psp, r2\n"
                 "msr msp, r0\n"
                 "movs r2, #2\n" /* the process stack */
                 "msr control, r2\n"
                 "isb\n"
                 "vmov s0, r0\n" /* a floating-point context: CONTROL.FPCA */
                 "bx r1\n");
}

_Noreturn void leave_to(uint32_t address)
{
  const volatile uint32_t *vectors = (const volatile uint32_t *)address;
  uint32_t stack = vectors[0];
  uint32_t reset = vectors[1];
  SCB->CPACR |= 0xFu << 20; /* CP10 and CP11: full access */
  leave_timer();
  leave_mpu();
  enter(stack, reset);
}
