/* The independent watchdog runs when the option byte IWDG1_SW says so. Reloading one that does not run does nothing
   (RM0433 section 45.3.2), so nobody needs to know. */
#include "port.h"
#include "stm32h750.h"

void port_watchdog_feed(void)
{
  IWDG->KR = IWDG_KEY_RELOAD;
}
