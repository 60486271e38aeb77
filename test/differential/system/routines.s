@ Routines of harness.s, called with BL.
  .thumb_func
fill:                             @ [r0, r0 + r1) with even words that tell their address
  add r1, r0
1:
  mvn r2, r0
  subs r2, #1
  stm r0!, {r2}
  cmp r0, r1
  bne 1b
  bx lr

@ Each unit begins with the second half of a MOVW that the unit before it ends with. It sets r1 and goes on where r9 says.
  .thumb_func
fill_window:
  ldr r0, =WINDOW
  movs r1, #WINDOW_BYTES / 32
  movw r2, #0xbf00                @ NOP
  movw r3, #0x4748                @ BX r9
  orr r3, r2, r3, lsl #16
  orr r12, r2, r2, lsl #16
  movw r4, #0xf240                @ MOVW r1
  orr r4, r2, r4, lsl #16
1:
  bfi r3, r1, #0, #16
  orr r3, r3, #0x100
  stm r0!, {r3, r12}
  str r12, [r0], #4
  str r12, [r0], #4
  str r12, [r0], #4
  str r12, [r0], #4
  str r12, [r0], #4
  str r4, [r0], #4
  subs r1, #1
  bne 1b
  bx lr

@ ITAdvance() of the stacked xPSR of the frame at r1. Changes r0, r2 and r3.
  .thumb_func
advance:
  ldr r0, [r1, #28]
  ubfx r2, r0, #25, #2
  ubfx r3, r0, #10, #6
  orr r2, r2, r3, lsl #2
  tst r2, #7
  itee eq
  moveq r2, #0
  lslne r3, r2, #1
  bfine r2, r3, #0, #5
  bfi r0, r2, #25, #2
  lsrs r2, #2
  bfi r0, r2, #10, #6
  str r0, [r1, #28]
  bx lr

@ ICSR in r0 without what cannot be compared: VECTPENDING while BASEPRI or FAULTMASK are set, which QEMU does not take into
@ account, RETTOBASE in Thread mode, and what the case said. Changes r1 to r3; r12 leads to the SCS.
  .thumb_func
read_icsr:
  ldr r0, [r12, #0xd04]
  ldr r1, =CONTROL
  ldr r1, [r1, #UNKNOWN]
  bics r0, r1
  mrs r2, basepri
  mrs r3, faultmask
  orrs r2, r3
  it ne
  bfcne r0, #12, #9
  mrs r2, ipsr
  cmp r2, #0
  it eq
  bfceq r0, #11, #1
  bx lr

  .thumb_func
sum:                              @ of [r0, r0 + r1), into the log
  add r1, r0
  movs r2, #0
1:
  ldm r0!, {r3, r4, r6, r7}
  add r2, r3, r2, ror #7
  add r2, r4, r2, ror #9
  eor r2, r6, r2, ror #11
  add r2, r7, r2, ror #13
  cmp r0, r1
  bne 1b
  stm r11!, {r2}
  bx lr

  .ltorg
