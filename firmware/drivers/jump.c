#include "jump.h"

#include "clock.h"
#include "fault.h"
#include "interrupts.h"
#include "mpu.h"
#include "nor_flash.h"
#include "port.h"
#include "stm32h750.h"
#include "time.h"

/* Peripherals that port.h used; USB was never started in this life of the chip (docs/protocol.md, section 8). */
static void reset_peripherals(void)
{
  RCC->AHB2RSTR |= RCC_AHB2RSTR_HASHRST;
  RCC->AHB2RSTR &= ~RCC_AHB2RSTR_HASHRST;
  RCC->AHB4RSTR |= RCC_AHB4RSTR_CRCRST;
  RCC->AHB4RSTR &= ~RCC_AHB4RSTR_CRCRST;
  RCC->AHB2ENR &= ~RCC_AHB2ENR_HASHEN;
  RCC->AHB4ENR &= ~RCC_AHB4ENR_CRCEN;
  PWR->CR1 &= ~PWR_CR1_DBP;
}

__attribute__((naked, noreturn)) static void enter(uint32_t stack __attribute__((unused)),
                                                    uint32_t reset __attribute__((unused)))
{
  __asm volatile("msr msp, r0\n"
                 "movs r2, #0\n"
                 "msr psp, r2\n"
                 "msr basepri, r2\n"
                 "msr control, r2\n"
                 "isb\n"
                 "mvn lr, #0\n" /* as after reset: a return from the application's entry faults */
                 "cpsie f\n"
                 "cpsie i\n"
                 "bx r1\n");
}

_Noreturn void jump_to(uint32_t address)
{
  fault_forgive();
  if (clock_stop() != PORT_OK) {
    fault_record(FAULT_CLOCK, address);
  }
  time_set_cpu_hz(clock_cpu_hz());
  if (nor_flash_map() != PORT_OK) {
    fault_record(FAULT_MAPPING, address);
  }
  __disable_irq();
  time_stop();
  interrupts_stop();
  fault_stop();
  reset_peripherals();
  SCB_DisableICache();
  mpu_open_flash_window(nor_flash_size());
  const volatile uint32_t *vectors = (const volatile uint32_t *)address;
  uint32_t stack = vectors[0];
  uint32_t reset = vectors[1];
  SCB->VTOR = address;
  __DSB();
  __ISB();
  enter(stack, reset);
}
