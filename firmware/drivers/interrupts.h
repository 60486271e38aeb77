/* The NVIC and SysTick as after reset. */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

/* Nothing is enabled, nothing pending. Interrupts are masked. */
void interrupts_stop(void);

#endif
