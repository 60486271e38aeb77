/* Start-up of an application: vector table, copies to ITCM and DTCM, then main. */
#include <stdint.h>

extern uint32_t _estack, _itcm_start, _itcm_end, _itcm_load, _data_start, _data_end, _data_load, _bss_start, _bss_end;

int main(void);
void Reset_Handler(void);
void SysTick_Handler(void);

static void Default_Handler(void) {
  for (;;) {
  }
}

void SysTick_Handler(void) __attribute__((weak, alias("Default_Handler")));

__attribute__((section(".isr_vector"), used)) static const uintptr_t vectors[16] = {
  [0] = (uintptr_t)&_estack,          [1] = (uintptr_t)Reset_Handler,    [2] = (uintptr_t)Default_Handler,
  [3] = (uintptr_t)Default_Handler,   [4] = (uintptr_t)Default_Handler,  [5] = (uintptr_t)Default_Handler,
  [6] = (uintptr_t)Default_Handler,   [11] = (uintptr_t)Default_Handler, [14] = (uintptr_t)Default_Handler,
  [15] = (uintptr_t)SysTick_Handler,
};

static void copy_words(uint32_t *to, const uint32_t *end, const uint32_t *from) {
  while (to < end) {
    *to++ = *from++;
  }
}

void Reset_Handler(void) {
  copy_words(&_itcm_start, &_itcm_end, &_itcm_load);
  copy_words(&_data_start, &_data_end, &_data_load);
  for (uint32_t *word = &_bss_start; word < &_bss_end; word++) {
    *word = 0;
  }
  __asm volatile("dsb\n\tisb"); /* what was copied to ITCM may be executed from here on */
  main();
  for (;;) {
  }
}
