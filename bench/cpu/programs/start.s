@ Starts a bench program on a Cortex-M7 or a Cortex-M0+. The vector of exception 7, which is reserved, holds how many
@ rounds to run: whoever loads the image writes it there.
  .syntax unified
  .thumb
  .section .vectors, "a"
  .word stack_top
  .word start
  .rept 5
  .word stuck
  .endr
  .global rounds
rounds:
  .word 1
  .rept 8
  .word stuck
  .endr
  .text
  .thumb_func
  .global start
start:
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
