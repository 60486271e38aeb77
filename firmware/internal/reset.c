/*
 * After a reset: RM0433 section 2.6 (boot). The chip boots from BOOT_ADD0 = 0x0800_0000; the stack pointer comes from the
 * first word, and everything is as the reference manual says.
 */
#include "startup.h"
#include "take_over.h"

_Noreturn void Reset_Handler(void)
{
  startup();
}

void take_over(void)
{
}
