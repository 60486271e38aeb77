#include "guest.h"

extern uint32_t guest_stack, guest_itcm_start, guest_itcm_end, guest_itcm_load, guest_data_start, guest_data_end,
    guest_data_load, guest_bss_start, guest_bss_end;

__attribute__((section(".result.0"))) volatile uint32_t guest_state;
__attribute__((section(".result.1"))) volatile uint32_t guest_result[RESULTS];
__attribute__((section(".arguments"), used)) const volatile uint32_t guest_argument[ARGUMENTS];

void Reset_Handler(void);

void guest_fault(void)
{
  uint32_t number;
  __asm volatile("mrs %0, ipsr" : "=r"(number));
  guest_state = 0xBAD00000u | number;
  for (;;) {
  }
}

/* A program that takes interrupts defines its own. */
void guest_interrupt(void) __attribute__((weak, alias("guest_fault")));

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[16 + 150] = {
  [0] = (uintptr_t)&guest_stack,
  [1] = (uintptr_t)Reset_Handler,
  [2 ... 15] = (uintptr_t)guest_fault,
  [16 ... 165] = (uintptr_t)guest_interrupt,
};

static void copy(uint32_t *to, const uint32_t *end, const uint32_t *from)
{
  while (to < end) {
    *to++ = *from++;
  }
}

void Reset_Handler(void)
{
  guest_state = 0;
  REGISTER(0xE000ED88u) |= 0xFu << 20; /* CPACR: the FPU */
  __asm volatile("dsb\n\tisb");
  copy(&guest_itcm_start, &guest_itcm_end, &guest_itcm_load);
  copy(&guest_data_start, &guest_data_end, &guest_data_load);
  for (uint32_t *word = &guest_bss_start; word < &guest_bss_end; word++) {
    *word = 0;
  }
  __asm volatile("dsb\n\tisb");
  (void)main();
  guest_state = GUEST_DONE;
  for (;;) {
    __asm volatile("wfi");
  }
}
