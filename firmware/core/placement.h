/*
 * Where the big buffers live. The linker script of the chip provides `.axi_sram` as an uninitialised (NOLOAD)
 * section in AXI SRAM, at least 4-byte aligned, and `.dtcm_buffers` in DTCM, which is never cached. Nothing in them is
 * expected to be zero at start, so start-up does not spend time on them.
 */
#ifndef PLACEMENT_H
#define PLACEMENT_H

#if defined(__arm__)
#define AXI_SRAM __attribute__((section(".axi_sram")))
#define DTCM_BUFFER __attribute__((section(".dtcm_buffers"), aligned(4)))
#else
#define AXI_SRAM
#define DTCM_BUFFER
#endif

#endif
