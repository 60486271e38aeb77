/*
 * The bootloader's logic, as main.c calls it:
 *
 *   after clocks, caches, MPU and the QUADSPI pins are set up, USB not yet:
 *     decision = bootloader_decide();
 *     BOOT_RUN: map the flash and jump to decision.address. Never returns.
 *     otherwise: start USB, or the pipe through the probe; then bootloader_start(decision), then for ever
 *       mask interrupts; if (!bootloader_poll()) WFI; unmask interrupts
 *
 * All of it runs in thread mode; no function here is called from an interrupt.
 */
#ifndef BOOTLOADER_H
#define BOOTLOADER_H

#include <stdbool.h>

#include "boot.h"

/*
 * Rows 1 to 8 of docs/protocol.md, section 8. Reads and clears both backup registers, starts the flash chip, reads the
 * journal and the log, and looks for a USB host when the answer depends on it. Under the policy for signed applications it reads and hashes the
 * application, too: some 40 ms for each MiB. Call once, before USB is started.
 */
struct boot_decision bootloader_decide(void);

/*
 * Begins to serve after `decision`, which is not BOOT_RUN. The pipe is started. For BOOT_RUN_AFTER_WINDOW the window of
 * rows 9 and 10 begins now.
 */
void bootloader_start(struct boot_decision decision);

/*
 * Does one slice of work: some 100 us, at most 15 ms for UNPROTECT and for the check of a signature. Returns whether there is more to do at once. When
 * not, it must be called again after the next interrupt of any kind: received bytes, bytes that left, the 1 ms tick,
 * and the end of an erase or program. If the flash driver has no interrupt for that end, it is noticed at the next
 * tick only, and a page of 0.4 ms takes 1 ms: then main.c should call without sleeping while the flash is busy.
 * Ends in port_reset after BOOT, RESET and the end of the window.
 */
bool bootloader_poll(void);

/* After bootloader_poll has returned false: true when it waits for bytes or for room, not for the flash chip. */
bool bootloader_resting(void);

#endif
