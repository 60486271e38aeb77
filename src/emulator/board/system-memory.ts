/**
 * System memory at 0x1FF0_0000. ST's ROM bootloader (AN2606) is not part of this board: its vector table is there, its code
 * says so. Of the root secure services (RM0433, "Root secure services (RSS)") there is exitSecureArea.
 */

import type { AccessSize, BusDevice, EmulatorLog } from "../bus.js";

/** The vector table that application notes tell applications to jump through. */
const VECTORS = 0x9800;
const INITIAL_SP = 0x2400_0000 + 0x1000;
const ENTRY = 0x1ff0_9c01;
const ENTRY_OFFSET = 0x9c00;
/** B . */
const LOOP = 0xe7fe_e7fe;

/** RSS API addresses (RM0433): pointers to functions. */
const EXIT_SECURE_AREA = 0x9514;
const EXIT_CODE = 0x9600;
/** Where the code below hands over jtagState. */
const EXIT_PORT = 0x9640;
const ENABLE_JTAG_AT_EXIT = 0x97a0_fa17;

/** exitSecureArea(vectors, jtagState) of our own: closes the area, takes the vector table, its stack and its reset handler. */
const EXIT_WORDS: readonly number[] = [
  0x6011_4a05, // ldr r2, =EXIT_PORT; str r1, [r2]
  0x6010_4a05, // ldr r2, =VTOR; str r0, [r2]
  0xf381_6801, // ldr r1, [r0]; msr msp, r1
  0x6840_8808, // ldr r0, [r0, #4]
  0xbf00_4700, // bx r0
  0xbf00_bf00,
  0x1ff0_0000 + EXIT_PORT,
  0xe000_ed08,
];

const WORDS: ReadonlyMap<number, number> = new Map([
  [VECTORS, INITIAL_SP],
  [VECTORS + 4, ENTRY],
  [EXIT_SECURE_AREA, 0x1ff0_0001 + EXIT_CODE],
  ...EXIT_WORDS.map((word, index) => [EXIT_CODE + 4 * index, word] as const),
]);

export class SystemMemory implements BusDevice {
  readonly #log: EmulatorLog;
  readonly #onExitSecureArea: (debug: boolean) => void;

  /** @param onExitSecureArea secure user software ends; may a debugger connect from then on? */
  constructor(log: EmulatorLog, onExitSecureArea: (debug: boolean) => void) {
    this.#log = log;
    this.#onExitSecureArea = onExitSecureArea;
  }

  read(offset: number, size: AccessSize): number {
    const word = WORDS.get(offset & ~3) ?? LOOP;
    if ((offset & ~3) === ENTRY_OFFSET) {
      this.#log.once(
        "system memory",
        "the code jumped into ST's ROM bootloader (system memory, DFU), which is not part of this board: it stays there until a reset",
      );
    }
    const value = word >>> ((offset & 3) * 8);
    return (size === 4 ? value : value & (size === 2 ? 0xffff : 0xff)) >>> 0;
  }

  write(offset: number, _size: AccessSize, value: number): void {
    if (offset === EXIT_PORT) this.#onExitSecureArea(value === ENABLE_JTAG_AT_EXIT);
    else this.#log.once("system memory.w", "write to the system memory (ROM): ignored");
  }
}
