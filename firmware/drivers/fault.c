#include "fault.h"

#include "backup.h"
#include "led.h"
#include "port.h"
#include "protocol.h"
#include "stm32h750.h"

#define REGISTER_FAULT 30u
#define REGISTER_PROGRAM_COUNTER 31u
#define MAGIC 0x544C4600u
#define MAGIC_MASK 0xFFFFFF00u
#define COUNT(n) ((n) << 4)
#define COUNT_OF(record) ((record) >> 4 & 0xFu)

#define FAULT_EXCEPTIONS (SCB_SHCSR_MEMFAULTENA_Msk | SCB_SHCSR_BUSFAULTENA_Msk | SCB_SHCSR_USGFAULTENA_Msk)

void fault_start(void)
{
  SCB->SHCSR |= FAULT_EXCEPTIONS;
}

void fault_stop(void)
{
  SCB->SHCSR &= ~FAULT_EXCEPTIONS;
}

void fault_forgive(void)
{
  uint32_t record = backup_read(REGISTER_FAULT);
  if ((record & MAGIC_MASK) == MAGIC && COUNT_OF(record) != 0) {
    backup_write(REGISTER_FAULT, record & ~COUNT(0xFu));
  }
}

_Noreturn void fault_record(uint32_t number, uint32_t program_counter)
{
  __disable_irq();
  uint32_t record = backup_read(REGISTER_FAULT);
  uint32_t count = (record & MAGIC_MASK) == MAGIC ? COUNT_OF(record) + 1u : 1u;
  backup_write(REGISTER_FAULT, MAGIC | COUNT(count < 15u ? count : 15u) | number);
  backup_write(REGISTER_PROGRAM_COUNTER, program_counter);
  if (count < FAULT_MAX) {
    port_backup_write(PORT_BACKUP_REQUEST, BACKUP_FAULT);
    NVIC_SystemReset();
  }
  led_start();
  led_write(true);
  while (true) {
    __WFI();
  }
}

/* In C with the exception's number; the stack may be what failed, so it starts afresh. */
__attribute__((used)) static _Noreturn void fault_in_exception(uint32_t program_counter)
{
  uint32_t number = __get_IPSR();
  fault_record(number >= FAULT_NMI && number <= FAULT_USAGE ? number : FAULT_INTERRUPT, program_counter);
}

/* r0: the stacked program counter, if the stack pointer is still inside the stack (it grows down to the start of DTCM). */
__attribute__((naked)) void fault_handler(void)
{
  __asm volatile("movw r1, #:lower16:stack_bottom\n"
                 "movt r1, #:upper16:stack_bottom\n"
                 "movw r2, #:lower16:stack_top\n"
                 "movt r2, #:upper16:stack_top\n"
                 "movs r0, #0\n"
                 "mov r3, sp\n"
                 "cmp r3, r1\n"
                 "it hs\n"
                 "ldrhs r0, [r3, #24]\n"
                 "mov sp, r2\n"
                 "b fault_in_exception\n");
}
