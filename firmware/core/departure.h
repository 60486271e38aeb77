/* Leaving: the reset that an answered request, or the end of the window, has asked for. */
#ifndef DEPARTURE_H
#define DEPARTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

void departure_reset(void);

/* Leaves as soon as the answers have left: to run an application once, or to restart as after power-on. */
void departure_run(uint32_t address);
void departure_restart(void);

/* The same to replace the bootloader; `sector` stays. The new one then stays, too, for who has asked. */
void departure_replace(const struct port_sector *sector);

/* Somebody has asked. Nothing else is done from then on. */
bool departure_pending(void);

/*
 * Resets when `drained`, or after 500 ms: a PC that does not read its answer does not hold the board back.
 * Returns only when it is too early, or in unit tests.
 */
void departure_poll(bool drained);

#endif
