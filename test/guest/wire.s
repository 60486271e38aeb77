/* For the internal flash: drives PA7, and shows at the lamp (PE3) what PA6 reads. */
        .syntax unified
        .cpu cortex-m7
        .thumb
start:  .word   0x20000400
        .word   0x08000000 + (reset - start) + 1
reset:  ldr     r0, =0x580244e0         /* RCC_AHB4ENR */
        movs    r1, #0x7f
        str     r1, [r0]
        ldr     r1, [r0]
        ldr     r0, =0x58020000         /* GPIOA: PA6 an input, PA7 an output */
        ldr     r1, =0xabff4fff
        str     r1, [r0]
        ldr     r1, =0x64002000         /* PA6 is pulled down */
        str     r1, [r0, #0x0c]
        ldr     r2, =0x58021000         /* GPIOE: PE3 an output */
        ldr     r1, =0xffffff7f
        str     r1, [r2]
        movs    r1, #0x80
        str     r1, [r0, #0x14]
again:  ldr     r1, [r0, #0x10]
        and     r1, #0x40
        lsrs    r1, r1, #3
        str     r1, [r2, #0x14]
        b       again
