/*
 * IMSSBL's first instructions. The first stage has jumped here with the core in any state: interrupts on, another stack,
 * caches full, an exception's priorities (docs/imssbl.md). All of the core goes back to what ARMv7-M ARM B1.5.5 says of
 * reset before .data is filled; clocks and peripherals follow in take_over, when waits can be bounded by time.
 */
#include "interrupts.h"
#include "startup.h"
#include "stm32h750.h"

/* ARMv7-M ARM, reset values: B3.2.34 (FPCCR: ASPEN, LSPEN), B3.2.8 (CCR: STKALIGN, and branch prediction, always on). */
#define FPCCR_RESET (FPU_FPCCR_ASPEN_Msk | FPU_FPCCR_LSPEN_Msk)
#define CCR_TRAPS                                                                                           \
  (SCB_CCR_NONBASETHRDENA_Msk | SCB_CCR_USERSETMPEND_Msk | SCB_CCR_UNALIGN_TRP_Msk | SCB_CCR_DIV_0_TRP_Msk | \
   SCB_CCR_BFHFNMIGN_Msk)
#define AIRCR_KEY 0x05FAu

_Noreturn void take_core_over(void);

/* The debugger's registers stay: it may have let the core run up to here. */
static void reset_system_control(void)
{
  SysTick->CTRL = 0;
  SysTick->LOAD = 0;
  SysTick->VAL = 0;
  interrupts_stop();
  for (uint32_t i = 0; i < INTERRUPT_COUNT; i += 1u) {
    NVIC->IP[i] = 0;
  }
  for (uint32_t i = 0; i < sizeof SCB->SHPR; i += 1u) {
    SCB->SHPR[i] = 0;
  }
  SCB->AIRCR = AIRCR_KEY << SCB_AIRCR_VECTKEY_Pos; /* PRIGROUP 0 */
  SCB->SHCSR = 0;
  SCB->CFSR = SCB->CFSR; /* write 1 to clear */
  SCB->CCR &= ~CCR_TRAPS;
  SCB->SCR = 0;
  SCB->CPACR = 0;
  FPU->FPCCR = FPCCR_RESET;
}

/* Cleaning a cache that is off would write back what was in it at power-on, which is anything. The MPU goes first: what is
   cleaned must reach the memory whatever its regions say. */
static void stop_mpu_and_caches(void)
{
  __DMB();
  MPU->CTRL = 0;
  __DSB();
  __ISB();
  if ((SCB->CCR & SCB_CCR_DC_Msk) != 0) {
    SCB_DisableDCache();
  }
  SCB_DisableICache();
}

__attribute__((used)) _Noreturn void take_core_over(void)
{
  reset_system_control();
  stop_mpu_and_caches();
  startup();
}

/* The stack is in DTCM, which no cache holds. CONTROL 0: main stack, privileged, no floating-point context. */
__attribute__((naked, noreturn, used)) void Reset_Handler(void)
{
  __asm volatile("cpsid i\n"
                 "movs r0, #0\n"
                 "msr control, r0\n"
                 "isb\n"
                 "movw r1, #:lower16:stack_top\n"
                 "movt r1, #:upper16:stack_top\n"
                 "mov sp, r1\n"
                 "msr psp, r0\n"
                 "msr basepri, r0\n"
                 "msr faultmask, r0\n"
                 "b take_core_over\n");
}
