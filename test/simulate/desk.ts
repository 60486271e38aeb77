/** A board on the desk whose user, cable, power and chip misbehave as a scenario says. */

import { norPart } from "../../src/emulator/flash/parts.js";
import { FLASH_WORD_BYTES } from "../../src/emulator/peripherals/flash-cells.js";
import { crc32 } from "../../src/protocol/crc32.js";
import { Bench } from "../system/kit.js";
import { damagedLink } from "./damage.js";
import type { FlasherProcess } from "./flasher-process.js";
import type { Fault, FaultKind, Scenario, When } from "./scenario.js";

const MS = 1e6;
/** docs/protocol.md section 10: the log in internal flash. */
const LOG = 0x1_0000;
const KIND_BOOT = 0x544f_4f42;
const LOG_CHECK = 0x5a5a_5a5a;
/** A chip that never ends an operation: the power cut that is due in the middle of it comes then. */
const ENDLESS_MS = 500;
const APPLICATIONS = { from: 0x9000_0000, to: 0x9100_0000 };

type Timed = Extract<Fault, { readonly when: When }>;

export class Desk extends Bench {
  readonly scenario: Scenario;
  /** How often each kind of fault happened. */
  readonly fired = new Map<FaultKind, number>();
  /** What happened, in order, with board time. */
  readonly events: string[] = [];
  /** The flasher that faults meet. */
  process: FlasherProcess | undefined;
  /** Board time in ms that a killed flasher stays away. */
  killedForMs = 0;
  /** Told the program counter whenever an application runs. */
  onApplication: (pc: number) => void = () => {};
  #armed = false;
  #operations = 0;
  #cancels: (() => void)[] = [];
  #writesHeldUntil = 0;

  constructor(scenario: Scenario) {
    const { faults, seed } = scenario;
    const fired = (kind: FaultKind) => this.#fire(kind);
    super({
      seed,
      uniqueId: Uint8Array.from({ length: 12 }, (_, index) => index + 1),
      linkFault: damagedLink(faults, fired, () => this.#armed),
      onFlashOperation: () => this.#operationBegun(),
      flashDuration: (kind, _, length) => (this.#slow(kind) ? maximumNs(kind, length) : undefined),
      flashDefects: {
        neverEnds: () => this.#endless(),
        ...deadBits(faults),
        stuckStatus: [stuckMask(faults)],
      },
    });
    this.scenario = scenario;
    for (const { address, bytes } of scenario.content) this.flash(address, bytes.length).set(bytes);
    this.#writeLog();
    for (const { kind } of faults) {
      if (kind === "slow-chip" || kind === "dead-bit" || kind === "stuck-protection" || kind === "log-flips")
        this.#fire(kind);
    }
  }

  /** From now on the scenario's faults happen. */
  arm(): void {
    this.#armed = true;
    for (const fault of this.#timed()) {
      if ("milliseconds" in fault.when) this.#later(fault.when.milliseconds * MS, () => this.#happen(fault));
    }
  }

  /** Nothing breaks any more; what the chip itself has stays. */
  disarm(): void {
    this.#armed = false;
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
    this.board.host.cdc?.resume();
    this.#writesHeldUntil = 0;
  }

  /** Resolves when the flasher's writes may go on. */
  readonly mayWrite = async (): Promise<void> => {
    const wait = this.#writesHeldUntil - this.board.now;
    if (wait > 0) await this.sleep(wait / MS);
  };

  /** Waits in board time. Only while driven. */
  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.board.after(milliseconds * MS, () => {
        resolve();
        this.board.interrupt();
      });
    });
  }

  /** True while an application runs. */
  get application(): boolean {
    const { pc } = this.board.chip.cpu;
    return this.board.powered && pc >= APPLICATIONS.from && pc < APPLICATIONS.to;
  }

  note(event: string): void {
    this.events.push(`${(this.board.now / MS).toFixed(6)} ms: ${event}`);
  }

  protected override watch(): void {
    if (this.application) this.onApplication(this.board.chip.cpu.pc);
  }

  #fire(kind: FaultKind): void {
    this.fired.set(kind, (this.fired.get(kind) ?? 0) + 1);
    this.note(kind);
  }

  #timed(): Timed[] {
    return this.scenario.faults.filter((fault): fault is Timed => "when" in fault);
  }

  #later(ns: number, run: () => void): void {
    this.#cancels.push(this.board.after(ns, run));
  }

  #operationBegun(): void {
    if (!this.#armed) return;
    const { now, flashChip } = this.board;
    const index = this.#operations++;
    const duration = Math.min(flashChip.stableUntil - now, ENDLESS_MS * MS);
    for (const fault of this.#timed()) {
      if ("operation" in fault.when && fault.when.operation === index) {
        this.#later(duration * fault.when.fraction, () => this.#happen(fault));
      }
    }
  }

  #happen(fault: Timed): void {
    const { board } = this;
    switch (fault.kind) {
      case "power-cut":
        if (!board.powered) return;
        board.powerOff();
        this.#later(fault.offMs * MS, () => board.powerOn());
        break;
      case "reset":
        if (!board.powered) return;
        board.pressReset();
        break;
      case "unplug":
        if (board.host.state === "unplugged") return;
        board.unplug();
        this.#later(fault.backMs * MS, () => board.plug());
        break;
      case "kill":
        this.killedForMs = fault.backMs;
        this.process?.kill();
        break;
      case "stall":
        this.#stall(fault.direction, fault.ms);
        break;
    }
    this.#fire(fault.kind);
    board.interrupt();
  }

  #stall(direction: "toDevice" | "toHost", milliseconds: number): void {
    const port = this.board.host.cdc;
    if (direction === "toDevice") this.#writesHeldUntil = this.board.now + milliseconds * MS;
    else port?.pause();
    this.#later(milliseconds * MS, () => port?.resume());
  }

  #slow(kind: string): boolean {
    if (!this.#armed) return false;
    return this.scenario.faults.some(
      (fault) => fault.kind === "slow-chip" && (fault.operations === "all" || fault.operations === kind),
    );
  }

  #endless(): boolean {
    if (!this.#armed) return false;
    const hit = this.scenario.faults.some(
      (fault) => fault.kind === "endless" && fault.operation === this.#operations,
    );
    if (hit) this.#fire("endless");
    return hit;
  }

  /** The log as it was when the history begins, bit flips included. */
  #writeLog(): void {
    const { flash } = this.board.chip;
    const state = flash.save();
    const bytes = state.cells.bytes.slice();
    const programmed = [...state.cells.programmed];
    const broken = [...state.cells.broken];
    const flips = this.scenario.faults.filter((fault) => fault.kind === "log-flips");
    this.scenario.log.forEach((address, index) => {
      const at = LOG + index * FLASH_WORD_BYTES;
      bytes.set(logWord(address), at);
      programmed.push(at / FLASH_WORD_BYTES);
      for (const { ecc } of flips.filter(({ words }) => words.includes(index))) {
        if (ecc) broken.push(at / FLASH_WORD_BYTES);
        else bytes[at + 5] = (bytes[at + 5] ?? 0) ^ 0x15;
      }
    });
    flash.load({ ...state, cells: { bytes, programmed, broken } });
    this.board.chip.bus.refreshLent();
  }
}

/** What the log tells after the bit flips. */
export function storedBootAddress({ log, faults }: Scenario, factory: number): number {
  const lost = new Set(faults.flatMap((fault) => (fault.kind === "log-flips" ? fault.words : [])));
  return log.filter((_, index) => !lost.has(index)).at(-1) ?? factory;
}

function logWord(address: number): Uint8Array {
  const word = new Uint8Array(FLASH_WORD_BYTES);
  const view = new DataView(word.buffer);
  view.setUint32(0, KIND_BOOT, true);
  view.setUint32(4, address, true);
  view.setUint32(24, LOG_CHECK, true);
  view.setUint32(28, crc32(word.subarray(0, 28)), true);
  return word;
}

function maximumNs(kind: string, length: number): number | undefined {
  const { times } = norPart("W25Q128JV-IQ");
  if (kind === "program") return times.program.maximumNs;
  return kind === "erase" ? times.erase.get(length)?.maximumNs : undefined;
}

function deadBits(faults: readonly Fault[]): { deadBits?: (address: number) => number } {
  const dead = new Map<number, number>();
  for (const fault of faults) {
    if (fault.kind === "dead-bit") dead.set(fault.address - APPLICATIONS.from, fault.mask);
  }
  return dead.size === 0 ? {} : { deadBits: (address) => dead.get(address) ?? 0 };
}

function stuckMask(faults: readonly Fault[]): number {
  return faults.reduce((mask, fault) => (fault.kind === "stuck-protection" ? mask | fault.mask : mask), 0);
}
