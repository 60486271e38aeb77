@ Starts a torture program: everything is loaded at 0, the stack is at the end of the second memory.
  .syntax unified
  .thumb
  .cpu cortex-m7
  .fpu fpv5-d16
  .section .vectors, "a"
  .word 0x20400000
  .word start
  .rept 14
  .word stuck
  .endr
  .text
  .thumb_func
  .global start
start:
  ldr r0, =0xe000ed88
  ldr r1, =0xf00000
  str r1, [r0]
  dsb
  isb
  bl main
  .thumb_func
  .global leave
leave:
  ldr r1, =0x20026
  movs r0, #0x18
  bkpt 0xab
  .thumb_func
stuck:
  b stuck
