#ifndef WATCHDOG_H
#define WATCHDOG_H

/* The independent watchdog runs when the option byte IWDG1_SW says so. Reloading one that does not run does nothing
   (RM0433 section 45.3.2), so nobody needs to know. */
void watchdog_feed(void);

#endif
