#include "watchdog.h"

#include "stm32h750.h"

void watchdog_feed(void)
{
  IWDG->KR = IWDG_KEY_RELOAD;
}
