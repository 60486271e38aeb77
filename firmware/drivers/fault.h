/*
 * Faults end in a reset into the bootloader, and are remembered in two backup registers: RTC_BKP30R holds "FLT" in bits
 * 31..8 (0x544C46), the number of faults in a row in bits 7..4 and, with RTC_BKP31R, what happened: BKP31R is the program
 * counter with bit 0 clear, BKP30R bits 3..0 the number below. After FAULT_MAX in a row the chip stops instead of
 * being reset, with the LED on: a loop of resets would hide the fault.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdint.h>

#define FAULT_MAX 3u

/* Numbers 1..15. 2 to 6 are the exception numbers of ARMv7-M. */
#define FAULT_NMI 2u
#define FAULT_HARD 3u
#define FAULT_MEMORY 4u
#define FAULT_BUS 5u
#define FAULT_USAGE 6u
#define FAULT_INTERRUPT 7u /* one that nobody enabled */
#define FAULT_MAPPING 8u   /* QUADSPI could not be mapped for the application */
#define FAULT_CLOCK 9u     /* the chip did not go back to HSI for the application */

/* Memory, bus and usage faults get their own exceptions. */
void fault_start(void);
void fault_stop(void);

/* Records and resets, or stops. */
_Noreturn void fault_record(uint32_t number, uint32_t program_counter);

/* All is well: faults from now on are the first in a row again. The record of the last one stays. */
void fault_forgive(void);

#endif
