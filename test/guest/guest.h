/* What a guest program of the tests needs: it runs from internal flash as reset left the chip, and leaves words for the test. */
#ifndef GUEST_H
#define GUEST_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
/* In AXI SRAM: cacheable by the default memory map. Starts and ends with a cache line. */
#define IN_AXI __attribute__((section(".axi"), aligned(32)))

enum { RESULTS = 32 };
/* First word of DTCM: GUEST_DONE once main has returned; the words behind it are the program's. */
extern volatile uint32_t guest_state;
extern volatile uint32_t guest_result[RESULTS];
/* Behind the vectors, at 0x08000298: written into the image by the test. */
enum { ARGUMENTS = 2 };
extern const volatile uint32_t guest_argument[ARGUMENTS];
#define GUEST_DONE 0x600DD09Eu

int main(void);
/* Any exception ends the program with this state: 0xBAD00000 and the exception's number. */
void guest_fault(void);

#endif
