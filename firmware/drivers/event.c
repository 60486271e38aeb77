#include "event.h"

#include <stdbool.h>

#include "stm32h750.h"

static volatile bool signalled;

void event_signal(void)
{
  signalled = true;
}

void event_clear(void)
{
  signalled = false;
}

void event_wait(void)
{
  /* With PRIMASK set WFI still wakes up for a pending interrupt, which then runs after the enable: no gap in which
     an interrupt could come between the look at the flag and the sleep (ARMv7-M ARM, B1.5.19). */
  __disable_irq();
  if (!signalled) {
    __DSB();
    __WFI();
  }
  __enable_irq();
}
