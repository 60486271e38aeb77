/*
 * Where the big buffers live. The linker script of the chip provides `.axi_sram` as an uninitialised (NOLOAD)
 * section in AXI SRAM, at least 4-byte aligned; nothing in it is expected to be zero at start.
 */
#ifndef PLACEMENT_H
#define PLACEMENT_H

#if defined(__arm__)
#define AXI_SRAM __attribute__((section(".axi_sram")))
#else
#define AXI_SRAM
#endif

#endif
