/**
 * Instrumentation trace macrocell at 0xE0000000 (DDI 0403E, C1.7): 32 stimulus ports, and who may write them. What is written
 * to an enabled port leaves the chip at once: the port is ready for the next word. Time stamps and synchronisation packets
 * do not leave it.
 */

import type { AccessSize, BusDevice, EmulatorLog } from "../../bus.js";
import { RegisterBlock } from "../../registers.js";
import type { SoftwareLock } from "../system/software-lock.js";
import { coresightId, PART } from "./coresight-id.js";

const PORTS_END = 0x80;
/** Ports that a bit of TPR keeps for privileged code. */
const PORTS_OF_TPR_BIT = 8;
const ITMENA = 1;
const READY = 1;
/** All of TCR but BUSY. */
const TCR_FIELDS = 0x007f0f1f;
const EVERY_PORT = 0xffffffff;
const TER = 0xe00;
const OCTETS = [0xff, 0xff00, 0xff0000, 0xff000000] as const;

export interface ItmOptions {
  readonly log: EmulatorLog;
  readonly lock: SoftwareLock;
  /** DEMCR.TRCENA */
  readonly traceEnabled: () => boolean;
  /** Whoever accesses it now is privileged code, or a debugger. */
  readonly privileged: () => boolean;
}

export class Itm implements BusDevice {
  /** A word, halfword or byte leaves by a port. */
  onStimulus: (port: number, size: AccessSize, value: number) => void = () => {};
  readonly #options: ItmOptions;
  readonly #regs: RegisterBlock<"TER" | "TPR" | "TCR">;

  constructor(options: ItmOptions) {
    this.#options = options;
    this.#regs = new RegisterBlock(
      {
        TER: {
          offset: TER,
          reset: 0,
          rw: EVERY_PORT,
          onWrite: (_written, before) => this.#keepOthers(before),
        },
        TPR: { offset: 0xe40, reset: 0, rw: 0xf },
        TCR: { offset: 0xe80, reset: 0, rw: TCR_FIELDS },
      },
      { name: "ITM", log: options.log },
    );
  }

  /** Power-on reset; a system reset leaves trace alone. */
  reset(): void {
    this.#regs.reset();
    this.#options.lock.reset();
  }

  /** As a probe does that listens to SWO: every port is open. */
  enable(): void {
    this.#regs.set("TER", EVERY_PORT);
    this.#regs.set("TCR", ITMENA);
  }

  read(offset: number, size: AccessSize): number {
    if (offset < PORTS_END) return this.#isOpen(offset >>> 2) ? READY : 0;
    const { lock } = this.#options;
    return (
      lock.read(offset) ?? coresightId(offset & ~3, PART.ITM[0], PART.ITM[1]) ?? this.#regs.read(offset, size)
    );
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (offset < PORTS_END) {
      if (this.#isOpen(offset >>> 2)) this.onStimulus(offset >>> 2, size, value);
      return;
    }
    const { lock, log, privileged } = this.#options;
    if (!privileged() && offset !== TER)
      log.once("itm.privileged", "ITM: write by unprivileged code is ignored");
    else if (!lock.takesWrite(offset, value)) this.#regs.write(offset, size, value);
  }

  /** Unprivileged code opens and closes those ports only that TPR leaves it. */
  #keepOthers(before: number): void {
    if (this.#options.privileged()) return;
    const others = OCTETS.filter((_, n) => this.#regs.has("TPR", 1 << n)).reduce(
      (mask, octet) => mask | octet,
      0,
    );
    this.#regs.set("TER", (this.#regs.get("TER") & ~others) | (before & others));
  }

  #isOpen(port: number): boolean {
    const { traceEnabled, privileged } = this.#options;
    if (!traceEnabled() || !this.#regs.has("TCR", ITMENA) || !this.#regs.has("TER", 1 << port)) return false;
    return privileged() || !this.#regs.has("TPR", 1 << (port / PORTS_OF_TPR_BIT));
  }
}
