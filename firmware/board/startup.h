/* How every image begins. */
#ifndef STARTUP_H
#define STARTUP_H

/* Where the core begins: each way to be started has its own (internal/reset.c, second_stage/reset.c). */
_Noreturn void Reset_Handler(void);

/* Takes the vector table, fills .data and .bss, and calls main. Interrupts are as the caller left them. */
_Noreturn void startup(void);

#endif
