@ Runs random code at 0x1000 again and again under SysTick; a fault begins anew with the registers of the first time.
  .syntax unified
  .thumb
  .cpu cortex-m7
  .fpu fpv5-d16
  .equ BODY,      0x1000
  .equ STATE,     0x20000000      @ r0..r12, s0..s31, the period of SysTick
  .equ LOG,       0x20000800      @ a hash over the interrupted addresses, interrupts, faults
  .equ STACK,     0x20008000

  .word STACK
  .word start + 1
  .rept 13
  .word fault + 1
  .endr
  .word tick + 1

  .thumb_func
start:
  ldr r0, =0xe000ed88
  ldr r1, =0xf00000
  str r1, [r0]
  ldr r0, =0xe000ef34             @ no automatic floating-point frames
  movs r1, #0
  str r1, [r0]
  dsb
  isb
  ldr r0, =STATE
  ldr r1, [r0, #180]
  ldr r0, =0xe000e010
  str r1, [r0, #4]
  movs r1, #7
  str r1, [r0]

  .thumb_func
again:
  ldr r0, =STATE + 52
  vldm r0, {s0-s31}
  ldr r0, =STATE
  ldm r0, {r0-r12}
  ldr pc, =BODY + 1

  .thumb_func
tick:
  ldr r0, [sp, #24]
  ldr r2, =LOG
  ldm r2, {r1, r3}
  add r1, r1, r1, lsl #5
  add r1, r1, r0
  adds r3, #1
  stm r2, {r1, r3}
  bx lr

  .thumb_func
fault:
  ldr r2, =LOG
  ldr r1, [r2, #8]
  adds r1, #1
  str r1, [r2, #8]
  ldr r0, =STACK - 32
  mov sp, r0
  ldr r1, =again
  str r1, [r0, #24]
  mov r1, #0x01000000
  str r1, [r0, #28]
  mvn lr, #6
  bx lr
