@ Runs the cases of a batch on either machine (see streams.ts for the layout), then hands the results out by semihosting.
  .syntax unified
  .thumb
  .cpu cortex-m7
  .fpu fpv5-d16
  .equ BATCH,   0x60000000        @ word 0: number of records; records from offset 64
  .equ RECORD,  256
  .equ CODE_AT, 192               @ where the code of a record begins, + 1
  .equ STACK,   0x20001000
  .equ CURRENT, 0x20001800        @ address of the record that runs, records left
  .equ SCRATCH, 0x20010000
  .equ SCRATCH_BYTES, 0x10000

  .word STACK
  .word start + 1
  .word fault + 1                 @ NMI
  .word fault + 1                 @ HardFault, to which every fault escalates
  .rept 12
  .word fault + 1
  .endr

  .align 2
exit_address:                     @ at 0x40: what ends a case loads its target from here or from beside itself
  .word exit + 1

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
  ldr r0, =BATCH
  ldr r1, [r0]
  adds r0, #64
  ldr r2, =CURRENT
  stm r2, {r0, r1}

run:
  ldr r0, =CURRENT
  ldm r0, {r0, r1}
  cbnz r1, 1f
  b done
1:
  add r1, r0, #64
  vldm r1, {s0-s31}
  ldr r1, [r0, #60]
  vmsr fpscr, r1
  ldr r1, [r0, #CODE_AT]
  push {r1}
  ldr r1, [r0, #56]
  ldr lr, [r0, #52]
  msr apsr_nzcvqg, r1
  ldm r0, {r0-r12}
  pop {pc}

  .thumb_func
exit:
  push {r0, r1}
  mrs r1, apsr
  ldr r0, =CURRENT
  ldr r0, [r0]
  str r1, [r0, #56]
  str lr, [r0, #52]
  ldr r1, [sp]
  str r1, [r0]
  ldr r1, [sp, #4]
  str r1, [r0, #4]
  add sp, #8
  add r1, r0, #8
  stm r1, {r2-r12}
  vmrs r1, fpscr
  str r1, [r0, #60]
  add r1, r0, #64
  vstm r1, {s0-s31}
  .thumb_func
next:
  ldr r0, =CURRENT
  ldm r0, {r1, r2}
  add r1, #RECORD
  subs r2, #1
  stm r0, {r1, r2}
  b run

  .thumb_func
fault:
  ldr r0, =CURRENT
  ldr r0, [r0]
  mrs r1, ipsr
  str r1, [r0]
  ldr r2, =0xe000ed28
  ldr r1, [r2]
  str r1, [r0, #4]
  str r1, [r2]
  ldr r1, [r2, #4]
  str r1, [r0, #8]
  str r1, [r2, #4]
  ldr r1, [sp, #24]
  str r1, [r0, #12]
  ldr r1, =0xfa01fa01
  str r1, [r0, #52]
  ldr r1, =next
  str r1, [sp, #24]
  ldr r1, [sp, #28]
  and r1, #0x200
  orr r1, #0x01000000
  str r1, [sp, #28]
  bx lr

done:
  movs r0, #1
  ldr r1, =open_block
  bkpt 0xab
  mov r6, r0
  ldr r4, =write_block
  ldr r5, =BATCH
  ldr r3, [r5]
  movw r2, #RECORD
  mul r3, r2
  adds r3, #64
  str r6, [r4]
  str r5, [r4, #4]
  str r3, [r4, #8]
  movs r0, #5
  mov r1, r4
  bkpt 0xab
  ldr r5, =SCRATCH
  ldr r3, =SCRATCH_BYTES
  str r5, [r4, #4]
  str r3, [r4, #8]
  movs r0, #5
  mov r1, r4
  bkpt 0xab
  movs r0, #0x18
  ldr r1, =0x20026
  bkpt 0xab
  b .

  .ltorg
  .align 2
open_block:
  .word name, 5, 10
name:
  .asciz "result.bin"
  .equ write_block, 0x20001900
