/** A board on the desk whose user, cable, power and chip misbehave as a scenario says. */

import type { Region } from "../../src/boards/board.js";
import { norPart } from "../../src/emulator/flash/parts.js";
import type { GuestMemory } from "../../src/emulator/guest-memory.js";
import { Bench } from "../system/kit.js";
import { type Cut, deserts } from "./alone.js";
import { writeInternalLog } from "./board-log.js";
import { damagedLink } from "./damage.js";
import type { Fault, FaultKind, When, WhenRestarted } from "./faults.js";
import type { FlasherProcess } from "./flasher-process.js";
import { UNIQUE_ID } from "./owner.js";
import type { Answer } from "./power-ups.js";
import type { Scenario } from "./scenario.js";

const MS = 1e6;
/** docs/protocol.md, sections 9 and 11.5: of the journal's region, two sectors of records and one of signatures; then the rescue sector. */
const RECORDS = 0x3000;
/** A chip that never ends an operation: the power cut that is due in the middle of it comes then. */
const ENDLESS_MS = 500;
const APPLICATIONS = { from: 0x9000_0000, to: 0x9100_0000 };

type Timed = Extract<Fault, { readonly when: When | WhenRestarted }>;

export class Desk extends Bench {
  readonly scenario: Scenario;
  /** How often each kind of fault happened. */
  readonly fired = new Map<FaultKind, number>();
  /** What happened, in order, with board time. */
  readonly events: string[] = [];
  /** The flasher that faults meet. */
  process: FlasherProcess | undefined;
  /** Whoever used the board is gone, for good. */
  deserted = false;
  /** What the board did at each power-up with nobody there. */
  readonly answers: Answer[] = [];
  /** Board time in ms that a killed flasher stays away. */
  killedForMs = 0;
  /** Told the program counter whenever an application runs. */
  onApplication: (pc: number) => void = () => {};
  #armed = false;
  #operations = 0;
  #records = 0;
  /** Operations since the board was first cut off or reset; undefined: it was not. */
  #restarted: number | undefined;
  #cancels: (() => void)[] = [];
  #operationOfPowerUp: (index: number) => void = () => {};
  #operationsOfPowerUp = 0;
  #writesHeldUntil = 0;

  /** @param memory for the board */
  constructor(scenario: Scenario, memory: GuestMemory) {
    const { faults, seed } = scenario;
    const fired = (kind: FaultKind) => this.#fire(kind);
    super({
      name: scenario.board.name,
      // Both engines do the same to the cycle; translating costs more than a history is long.
      engine: "interpreter",
      seed,
      memory,
      uniqueId: UNIQUE_ID,
      linkFault: damagedLink(faults, fired, () => this.#armed),
      onFlashOperation: (_, address) => this.#operationBegun(address),
      flashDuration: (kind, _, length) => (this.#slow(kind) ? this.#maximumNs(kind, length) : undefined),
      flashDefects: {
        neverEnds: () => this.#endless(),
        ...deadBits(faults),
        stuckStatus: [stuckMask(faults)],
      },
    });
    this.scenario = scenario;
    for (const { address, bytes } of scenario.content) this.flash(address, bytes.length).set(bytes);
    if (scenario.board.firstStage === undefined) writeInternalLog(this.board, scenario);
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

  /** The power will fail, as `cut` says, counted from now on. @returns what calls that off */
  cutPower(cut: Cut): () => void {
    let cancel = (): void => {};
    const later = (ns: number): void => {
      cancel = this.board.after(ns, () => {
        this.board.powerOff();
        this.#fire("recovery-cut");
        this.board.interrupt();
      });
    };
    this.#operationsOfPowerUp = 0;
    if ("milliseconds" in cut) later(cut.milliseconds * MS);
    else
      this.#operationOfPowerUp = (index) => {
        if (index === cut.operation) later(this.#operationNs() * cut.fraction);
      };
    return () => {
      cancel();
      this.#operationOfPowerUp = () => {};
    };
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

  /** Until the chip ends what it has begun. */
  #operationNs(): number {
    return Math.min(this.board.flashChip.stableUntil - this.board.now, ENDLESS_MS * MS);
  }

  /** @param address in the chip */
  #isRecord(address: number): boolean {
    const { flash, regions } = this.scenario.board;
    const within = (region: Region | undefined, length: number): boolean => {
      if (region === undefined) return false;
      const at = flash.address + address - region.address;
      return at >= 0 && at < length;
    };
    return within(regions.journal, RECORDS) || within(regions.log, regions.log?.length ?? 0);
  }

  #operationBegun(address: number): void {
    this.#operationOfPowerUp(this.#operationsOfPowerUp++);
    if (!this.#armed) return;
    const index = this.#operations++;
    const record = this.#isRecord(address) ? this.#records++ : undefined;
    const restarted = this.#restarted;
    if (restarted !== undefined) this.#restarted = restarted + 1;
    const duration = this.#operationNs();
    for (const fault of this.#timed()) {
      const { when } = fault;
      const now =
        ("operation" in when && when.operation === index) || ("record" in when && when.record === record);
      const again = "restarted" in when && when.restarted === restarted;
      if (now || again) this.#later(duration * when.fraction, () => this.#happen(fault));
    }
  }

  #happen(fault: Timed): void {
    const { board } = this;
    const deserted = deserts(this.scenario, fault.kind);
    switch (fault.kind) {
      case "power-cut":
      case "recovery-cut":
        if (!board.powered) return;
        board.powerOff();
        this.#restarted ??= 0;
        if (!deserted) this.#later(fault.offMs * MS, () => board.powerOn());
        break;
      case "reset":
        if (!board.powered) return;
        board.pressReset();
        this.#restarted ??= 0;
        break;
      case "unplug":
        if (board.host.state === "unplugged") return;
        board.unplug();
        if (!deserted) this.#later(fault.backMs * MS, () => board.plug());
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
    if (deserted) this.#desert();
    board.interrupt();
  }

  #desert(): void {
    this.deserted = true;
    this.process?.kill();
    this.note("nobody comes back");
  }

  #stall(direction: "toDevice" | "toHost", milliseconds: number): void {
    const port = this.board.host.cdc;
    if (direction === "toDevice") this.#writesHeldUntil = this.board.now + milliseconds * MS;
    else port?.pause();
    this.#later(milliseconds * MS, () => port?.resume());
  }

  #maximumNs(kind: string, length: number): number | undefined {
    const { times } = norPart(this.scenario.board.flash.part);
    if (kind === "program") return times.program.maximumNs;
    return kind === "erase" ? times.erase.get(length)?.maximumNs : undefined;
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
