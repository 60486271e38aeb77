/* The machine as whoever ran before us left it. */
#ifndef TAKE_OVER_H
#define TAKE_OVER_H

/*
 * Puts clocks and peripherals back to what they are after a reset, except for the backup domain, the watchdogs and what
 * can be written once only. The external flash's window is closed. After a real reset there is nothing to do.
 */
void take_over(void);

#endif
