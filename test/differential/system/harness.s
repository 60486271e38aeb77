@ Runs system-level cases on either machine, each from a system reset (see case.ts for the layout of a batch). Every exception
@ comes to `entry`, which logs what a handler can see and then runs the case's own handler for that exception. r11 is the log
@ pointer wherever the core is, r9 where code goes on that was sent where nothing can execute.
  .syntax unified
  .thumb
  .cpu cortex-m7
  .fpu fpv5-d16
  .equ BATCH,     0x60000000      @ cases, first case, then a descriptor for each case
  .equ DESCRIPTOR, 0x100          @ offset and bytes of its code, then its handlers' addresses by exception number
  .equ CODE,      0x00010000      @ where the code of a case is executed
  .equ CODE_END,  0x00014000
  .equ STACKS,    0x20002000      @ 4 KiB for the main stack, 4 KiB for the process stack
  .equ MAIN,      0x20003000
  .equ PROCESS,   0x20004000
  .equ DATA,      0x20010000
  .equ DATA_BYTES, 0x1000
  .equ WINDOW,    0x20018000      @ code that regions are laid over, in units of 32 bytes
  .equ WINDOW_BYTES, 0x1000
  .equ VECTORS,   0x60ffff80      @ where cases lead VTOR: 32 vectors at the end of memory
  .equ LOG,       0x20100000
  .equ RAM_BYTES, 0x003f0000      @ of which a frame may lie anywhere
  .equ CONTROL,   0x20000000      @ kept over a reset; entries, handlers
  .equ AT,        0               @ of CONTROL: cases done, file, entries of this case, parameters of a system call
  .equ FILE,      4
  .equ ENTRIES,   8
  .equ UNKNOWN,   12              @ bits of ICSR that this case cannot compare
  .equ CALL,      16
  .equ HANDLERS,  64
  .equ MOST_ENTRIES, 24
  .equ ENDING,    0x0e9d          @ in r9: the next exception ends the case
  .equ SCS,       0xe000e000
  .equ TAG_ENTRY, 0xee000000
  .equ TAG_END,   0xed000000

  .word MAIN
  .word start + 1
  .rept 46
  .word entry + 1
  .endr

  .align 6
routines:                         @ at 0xc0: what the code of a case goes on with
  .word leave + 1, end + 1

  .thumb_func
start:
  ldr r0, =SCS + 0xd88
  mov r1, #0xf00000
  str r1, [r0]
  ldr r0, =SCS + 0xf34            @ registers are filled without a floating-point context
  ldr r4, [r0]
  movs r1, #0
  str r1, [r0]
  dsb
  isb
  ldr r0, =STACKS
  mov r1, #0x2000
  bl fill
  ldr r0, =DATA
  mov r1, #DATA_BYTES
  bl fill
  ldr r0, =DATA
  vldm r0, {s0-s31}
  movs r1, #0
  vmsr fpscr, r1
  ldr r0, =SCS + 0xf34
  str r4, [r0]
  dsb
  isb

  ldr r5, =CONTROL
  ldr r6, [r5, #AT]
  cbnz r6, 1f
  movs r0, #1
  ldr r1, =open_block
  bkpt 0xab
  str r0, [r5, #FILE]
1:
  movs r0, #0
  str r0, [r5, #ENTRIES]
  str r0, [r5, #UNKNOWN]
  bl fill_window
  movs r0, #0
  ldr r1, =VECTORS
  movs r2, #32
4:
  ldr r3, [r0], #4
  str r3, [r1], #4
  subs r2, #1
  bne 4b
  ldr r7, =BATCH
  ldr r0, [r7, #4]
  add r6, r6, r0
  adds r0, r6, #1
  add r0, r7, r0, lsl #8          @ the descriptor
  ldm r0!, {r1, r2}
  add r1, r7
  ldr r3, =CODE
2:
  ldr r4, [r1], #4
  str r4, [r3], #4
  subs r2, #4
  bne 2b
  add r3, r5, #HANDLERS
  movs r2, #48
3:
  ldr r4, [r0], #4
  str r4, [r3], #4
  subs r2, #1
  bne 3b
  ldr r0, =PROCESS
  msr psp, r0
  ldr r0, =LOG
  mov r11, r0
  ldr r10, =DATA
  ldr r9, =end + 1
  movs r0, #0
  movs r1, #1
  movs r2, #2
  movs r3, #3
  movs r4, #4
  movs r5, #5
  movs r6, #6
  movs r7, #7
  mov r8, #8
  mov r12, #12
  mov lr, #-1
  dsb
  isb
  ldr pc, =CODE + 1

@ Logs what the handler of an exception finds.
  .thumb_func
entry:
  ldr r12, =SCS
  ldr r3, [r12, #0xd94]           @ the MPU off, so that the log can be written and the frame read
  movs r0, #0
  str r0, [r12, #0xd94]
  dsb
  isb
  push {r3}
  mrs r0, ipsr
  orr r0, #TAG_ENTRY
  mov r1, lr
  add r2, sp, #4
  mrs r3, psp
  stm r11!, {r0-r3}
  mrs r0, primask
  mrs r1, basepri
  mrs r2, faultmask
  mrs r3, control
  stm r11!, {r0-r3}
  push {lr}
  bl read_icsr
  pop {lr}
  ldr r1, [r12, #0xd24]
  ldr r2, [r12, #0xd28]
  ldr r3, [r12, #0xd2c]
  tst r3, #2                      @ QEMU sets FORCED with VECTTBL
  it ne
  bicne r3, #0x40000000
  stm r11!, {r0-r3}
  ands r1, r2, #0x80              @ MMFAR and BFAR while they are valid
  it ne
  ldrne r1, [r12, #0xd34]
  ands r2, r2, #0x8000
  it ne
  ldrne r2, [r12, #0xd38]
  stm r11!, {r1, r2}
  ldr r0, [r12, #0x200]
  ldr r1, [r12, #0x300]
  ldr r2, [r12, #0xf34]
  bic r2, #0x400                  @ UFRDY, which Armv7-M has not
  ldr r3, [r12, #0xf38]
  stm r11!, {r0-r3}
  stm r11!, {r4-r10}
  mrs r1, psp
  tst lr, #4
  it eq
  addeq r1, sp, #4
  sub r2, r1, #0x20000000
  cmp r2, #RAM_BYTES
  bhs 5f
  tst r1, #3
  bne 5f
6:                                @ what a store pended may come before or behind the barriers after it: make it behind
  ldr r0, [r1, #24]
  sub r2, r0, #CODE
  cmp r2, #CODE_END - CODE
  bhs 7f
  ldrh r2, [r0]
  movw r3, #0xf3bf
  cmp r2, r3
  bne 7f
  ldrh r2, [r0, #2]
  bic r2, #0x20                   @ DSB and ISB differ in one bit
  movw r3, #0x8f4f
  cmp r2, r3
  bne 7f
  adds r0, #4
  str r0, [r1, #24]
  push {lr}
  bl advance
  pop {lr}
  b 6b
7:                                @ an SVC that became a HardFault: QEMU stacks the address of the NOP behind it
  mrs r2, ipsr
  cmp r2, #3
  bne 8f
  cmp r0, #CODE_END
  bhs 8f
  ldrb r2, [r0, #1]
  cmp r2, #0xdf
  beq 9f
  ldrh r2, [r0]
  movw r3, #0xbf00
  cmp r2, r3
  bne 8f
  ldrb r2, [r0, #-1]
  cmp r2, #0xdf
  bne 8f
  subs r0, #2
  str r0, [r1, #24]
9:                                @ and the IT state of that place
  ldr r0, [r1, #28]
  ldr r2, =0x0600fc00
  bics r0, r2
  str r0, [r1, #28]
8:
  ldm r1!, {r0, r2, r3, r12}
  stm r11!, {r0, r2, r3, r12}
  ldm r1!, {r0, r2, r3, r12}
  stm r11!, {r0, r2, r3, r12}
  tst lr, #0x10
  bne 5f
  movs r3, #17                    @ S0 to S15 and FPSCR as they lie there
4:
  ldm r1!, {r0}
  stm r11!, {r0}
  subs r3, #1
  bne 4b
5:
  ldr r12, =SCS
  ldr r2, [r12, #0xf34]           @ S0 to S15 and FPSCR are UNKNOWN once they were stacked at entry: make them 0
  ands r0, lr, #0x10
  it eq
  andseq r0, r2, #1
  bne 9f
  ldr r3, [r12, #0xd88]
  mov r1, #0xf00000
  str r1, [r12, #0xd88]
  str r0, [r12, #0xf34]
  dsb
  isb
  vmsr fpscr, r0
  adr r1, zeros
  vldm r1, {s0-s15}
  str r2, [r12, #0xf34]
  str r3, [r12, #0xd88]
  dsb
  isb
9:
  pop {r3}
  ldr r2, =CONTROL
  ldr r0, [r2, #ENTRIES]
  adds r0, #1
  str r0, [r2, #ENTRIES]
  movw r1, #ENDING
  cmp r9, r1
  beq finish
  cmp r0, #MOST_ENTRIES
  bhs finish
  mrs r0, ipsr
  adds r2, #HANDLERS
  ldr r2, [r2, r0, lsl #2]
  str r3, [r12, #0xd94]
  dsb
  isb
  bx r2

  .align 2
zeros:
  .space 64

@ Ends a handler. A fault's instruction is not repeated: its frame goes on behind it, or where r9 says. Where mode and IPSR of a
@ frame contradict each other, QEMU is wrong about which stack it stacks it on again and about FPCCR: not with the process stack,
@ not with floating-point registers.
  .thumb_func
leave:
  mrs r0, ipsr
  cmp r0, #0                      @ Thread mode came into a handler by a stale frame
  beq end
  ldr r12, =SCS
  ldr r3, [r12, #0xd94]
  movs r0, #0
  str r0, [r12, #0xd94]
  dsb
  isb
  mrs r1, psp
  tst lr, #4
  it eq
  moveq r1, sp
  sub r2, r1, #0x20000000
  cmp r2, #RAM_BYTES
  bhs 2f
  tst r1, #3
  bne 2f
  ldr r0, [r1, #28]
  orr r0, #0x01000000             @ wherever it leads: the order of INVSTATE and IACCVIOL is told nowhere
  ubfx r2, r0, #0, #9             @ QEMU ends itself on the return from a handler that does not exist
  subs r2, #2
  cmp r2, #46
  itt hs
  bichs r0, #0x1f0
  bichs r0, #0x00f
  tst lr, #4
  itt ne
  bicne r0, #0x1f0
  bicne r0, #0x00f
  str r0, [r1, #28]
  ldr r2, [r1, #24]
  cmp r2, #CODE                   @ a stale frame may lead into this harness
  bhs 4f
  bic r2, r9, #1
  str r2, [r1, #24]
  ldr r2, =0x0600fc00             @ IT
  bic r0, r2
  str r0, [r1, #28]
4:
  lsls r2, r0, #23
  ite eq
  eoreq r2, lr, #8
  movne r2, lr
  tst r2, #8
  it ne
  orrne lr, #0x10
  mrs r2, ipsr
  subs r2, #3
  cmp r2, #3
  bhi 2f
  ldr r0, [r1, #24]
  sub r2, r0, #CODE
  cmp r2, #CODE_END - CODE
  bhs 3f
  ldrh r2, [r0]
  bic r12, r2, #0xf
  bic r12, #0x400
  bic r12, #0x80
  eor r12, #0xf200
  cmp r12, #0x40                  @ MOVW, MOVT: met by a fault of somebody else, and their register is needed
  beq 2f
  adds r0, #2
  lsrs r2, #11
  cmp r2, #0x1d
  it hs
  addhs r0, #2
  str r0, [r1, #24]
  push {r3, lr}
  bl advance
  pop {r3, lr}
  b 2f
3:
  bic r0, r9, #1
  str r0, [r1, #24]
  ldr r0, [r1, #28]
  ldr r2, =0x0600fc00
  bics r0, r2
  str r0, [r1, #28]
2:
  ldr r12, =SCS
  str r3, [r12, #0xd94]
  dsb
  isb
  cbnz r3, 5f                     @ where the stack can be reached for sure, by all instructions that return
  ldr r2, =CONTROL
  ldr r2, [r2, #ENTRIES]
  and r2, #3
  tbb [pc, r2]
6:
  .byte (5f - 6b) / 2, (7f - 6b) / 2, (8f - 6b) / 2, (9f - 6b) / 2
7:
  push {lr}
  pop {pc}
8:
  str lr, [sp, #-4]!
  ldr pc, [sp], #4
9:
  push {r4, lr}
  ldmia sp!, {r4, pc}
5:
  bx lr

@ Ends a case from any mode.
  .thumb_func
end:
  movw r9, #ENDING
  mrs r0, ipsr
  cbnz r0, finish
  mrs r0, control
  tst r0, #1
  beq finish
  svc 0
  nop

  .thumb_func
finish:
  ldr r12, =SCS
  ldr r4, [r12, #0xd94]
  movs r0, #0
  str r0, [r12, #0xd94]
  dsb
  isb
  mrs r0, ipsr
  orr r0, #TAG_END
  mrs r1, primask
  mrs r2, basepri
  mrs r3, faultmask
  stm r11!, {r0-r3}
  mrs r0, msp
  mrs r1, psp
  mrs r2, control
  mov r3, r4
  stm r11!, {r0-r3}
  bl read_icsr
  ldr r1, [r12, #0xd24]
  ldr r2, [r12, #0xd28]
  ldr r3, [r12, #0xd2c]
  tst r3, #2                      @ QEMU sets FORCED with VECTTBL
  it ne
  bicne r3, #0x40000000
  stm r11!, {r0-r3}
  ldr r0, [r12, #0x200]
  ldr r1, [r12, #0x300]
  ldr r2, [r12, #0xf34]
  bic r2, #0x400                  @ UFRDY, which Armv7-M has not
  ldr r3, [r12, #0xf38]
  stm r11!, {r0-r3}
  ldr r0, [r12, #0xd14]
  bic r0, #0x40000                @ BP, which Cortex-M7 has and QEMU's has not
  ldr r1, [r12, #0xd88]
  stm r11!, {r0, r1}
  movs r0, #0                     @ registers as they are, without a save of them
  str r0, [r12, #0xf34]
  mov r0, #0xf00000
  str r0, [r12, #0xd88]
  dsb
  isb
  vstm r11!, {s0-s31}
  vmrs r0, fpscr
  stm r11!, {r0}
  ldr sp, =CONTROL + 0x1000
  ldr r0, =STACKS
  mov r1, #0x2000
  bl sum
  ldr r0, =DATA
  mov r1, #DATA_BYTES
  bl sum

  ldr r5, =CONTROL
  ldr r0, [r5, #FILE]
  ldr r1, =LOG - 4
  sub r2, r11, r1
  str r2, [r1]
  add r3, r5, #CALL
  stm r3!, {r0, r1, r2}
  movs r0, #5
  add r1, r5, #CALL
  bkpt 0xab
  ldr r0, [r5, #AT]
  adds r0, #1
  str r0, [r5, #AT]
  ldr r1, =BATCH
  ldm r1, {r2, r3}
  add r0, r3
  cmp r0, r2
  beq 1f
  ldr r0, =SCS + 0xd0c
  ldr r1, =0x05fa0004
  str r1, [r0]
  dsb
  b .
1:
  movs r0, #0x18
  ldr r1, =0x20026
  bkpt 0xab
  b .

  .ltorg
  .include "routines.s"

  .align 2
open_block:
  .word name, 5, 10
name:
  .asciz "result.bin"
