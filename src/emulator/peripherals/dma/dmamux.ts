/**
 * DMAMUX1 and DMAMUX2: which request each DMA channel listens to, synchronisation of requests with events, request
 * generators (RM0433, chapter DMAMUX).
 */

import type { ClockGate, EmulatorLog, InterruptLine } from "../../bus.js";
import { RegisterBlock, type RegisterCell } from "../../registers.js";
import { Peripheral } from "../peripheral.js";
import { ALL, type RegisterAction, registerTable, repeatRows } from "../register-table.js";
import { DmaRequests } from "./dma-request.js";

export interface DmamuxOptions {
  readonly name: string;
  /** 16 in DMAMUX1, 8 in DMAMUX2. */
  readonly channels?: number;
  readonly log: EmulatorLog;
  readonly clocked?: ClockGate;
  readonly interrupt?: InterruptLine;
  /** The peripherals' requests. */
  readonly requests?: DmaRequests;
  /** A channel made its event (EGE). */
  readonly onEvent?: (channel: number) => void;
  /** Another signal may synchronise a channel, or trigger a generator, than before. */
  readonly onSelection?: () => void;
  /** A channel listens to something else now, or its request may be raised. */
  readonly onChange?: (channel: number) => void;
}

const CHANNELS = 16;
const GENERATORS = 8;
const REQUEST = 0x7f;
/** CxCR, and OIE at the same place in RGxCR. */
const SOIE = 1 << 8;
const EGE = 1 << 9;
/** CxCR.SE, RGxCR.GE */
const ENABLE = 1 << 16;
const RISING = 1 << 17;
const FALLING = 1 << 18;
const COUNT_SHIFT = 19;
const SYNC_SHIFT = 24;

const table = (channels: number): string => {
  const first = channels === CHANNELS;
  return `${repeatRows(`DMAMUX_C#CR 0 0 ${first ? "7ff037f" : "1fff037f"}`, channels, 4)}, DMAMUX_CSR 80 0 ffffr, DMAMUX_CFR 84 0 ffffw,
  ${repeatRows(`DMAMUX_RG#CR 100 0 ${first ? "ff0107" : "ff011f"}`, GENERATORS, 4)}, DMAMUX_RGSR 140 0 ffr, DMAMUX_RGCFR 144 0 ffw`;
};

export class Dmamux extends Peripheral {
  readonly registers: RegisterBlock<string>;
  readonly #options: DmamuxOptions;
  readonly #requests: DmaRequests;
  readonly #channels: number;
  readonly #controls: readonly RegisterCell[];
  readonly #generators: readonly RegisterCell[];
  /** Requests that a channel lets through until the next synchronisation event. */
  readonly #open: number[];
  /** Requests until a channel's event (EGE). */
  readonly #untilEvent: number[];
  /** Requests that a generator still has to make. */
  readonly #generated = new Array<number>(GENERATORS).fill(0);

  constructor(options: DmamuxOptions) {
    super();
    this.#options = options;
    this.#requests = options.requests ?? new DmaRequests();
    this.#channels = options.channels ?? CHANNELS;
    this.#open = new Array<number>(this.#channels).fill(0);
    this.#untilEvent = new Array<number>(this.#channels).fill(0);
    const actions: Record<string, RegisterAction> = {
      DMAMUX_CSR: { ro: ALL },
      DMAMUX_CFR: { wo: ALL, quiet: true, onWrite: (written) => this.#clear("DMAMUX_CSR", written) },
      DMAMUX_RGSR: { ro: ALL },
      DMAMUX_RGCFR: { wo: ALL, quiet: true, onWrite: (written) => this.#clear("DMAMUX_RGSR", written) },
    };
    for (let n = 0; n < this.#channels; n++) {
      actions[`DMAMUX_C${n}CR`] = { rw: ALL, onWrite: (_written, before) => this.#configure(n, before) };
    }
    for (let n = 0; n < GENERATORS; n++) {
      actions[`DMAMUX_RG${n}CR`] = { rw: ALL, onWrite: () => this.#configureGenerator(n) };
    }
    this.registers = new RegisterBlock(registerTable(table(this.#channels), actions), options);
    this.#controls = Array.from({ length: this.#channels }, (_, n) => this.registers.cell(`DMAMUX_C${n}CR`));
    this.#generators = Array.from({ length: GENERATORS }, (_, n) => this.registers.cell(`DMAMUX_RG${n}CR`));
    this.#requests.onRequest((id) => this.#raised(id));
  }

  reset(): void {
    this.registers.reset();
    this.#open.fill(0);
    this.#generated.fill(0);
    this.#update();
  }

  /** DMAREQ_ID of a channel; 0 listens to nothing. */
  request(channel: number): number {
    return this.#control(channel) & REQUEST;
  }

  /** Is the request raised that the channel listens to, and may it pass? */
  asserted(channel: number): boolean {
    const cr = this.#control(channel);
    if ((cr & ENABLE) !== 0 && this.#open[channel] === 0) return false;
    const id = cr & REQUEST;
    if (id === 0) return false;
    return id > GENERATORS ? this.#requests.asserted(id) : (this.#generated[id - 1] ?? 0) > 0;
  }

  /** The channel served its request. */
  taken(channel: number): void {
    const cr = this.#control(channel);
    const id = cr & REQUEST;
    if (id > GENERATORS) this.#requests.taken(id);
    else if (id > 0) this.#generated[id - 1] = Math.max(0, (this.#generated[id - 1] ?? 0) - 1);
    if ((cr & ENABLE) !== 0) this.#open[channel] = Math.max(0, (this.#open[channel] ?? 0) - 1);
    if (this.#untilEvent[channel] !== 0) {
      this.#untilEvent[channel] = (this.#untilEvent[channel] ?? 0) - 1;
      return;
    }
    this.#untilEvent[channel] = countOf(cr) - 1;
    if ((cr & EGE) !== 0) this.#event(channel);
  }

  /** Some signal that synchronises channels: SYNC_ID `id`. @param high undefined: a pulse */
  synchronise(id: number, high?: boolean): void {
    for (let n = 0; n < this.#channels; n++) {
      const cr = this.#control(n);
      if ((cr & ENABLE) === 0 || cr >>> SYNC_SHIFT !== id || !edge(cr, high)) continue;
      if (this.#open[n] !== 0) this.#overrun("DMAMUX_CSR", n);
      this.#open[n] = countOf(cr);
      this.#untilEvent[n] = countOf(cr) - 1;
      this.#options.onChange?.(n);
    }
  }

  /** Some signal that triggers generators: SIG_ID `id`. @param high undefined: a pulse */
  generate(id: number, high?: boolean): void {
    for (let n = 0; n < GENERATORS; n++) {
      const cr = this.#generator(n);
      if ((cr & ENABLE) === 0 || (cr & 0x1f) !== id || !edge(cr, high)) continue;
      if (this.#generated[n] !== 0) this.#overrun("DMAMUX_RGSR", n);
      this.#generated[n] = countOf(cr);
      this.#raised(n + 1);
    }
  }

  /** Does something wait for SYNC_ID or SIG_ID `id`? */
  wants(kind: "synchronise" | "generate", id: number): boolean {
    const count = kind === "generate" ? GENERATORS : this.#channels;
    for (let n = 0; n < count; n++) {
      const cr = kind === "generate" ? this.#generator(n) : this.#control(n);
      const selected = kind === "generate" ? cr & 0x1f : cr >>> SYNC_SHIFT;
      if ((cr & ENABLE) !== 0 && selected === id) return true;
    }
    return false;
  }

  #control(channel: number): number {
    return this.#controls[channel]?.value ?? 0;
  }

  #generator(n: number): number {
    return this.#generators[n]?.value ?? 0;
  }

  #raised(id: number): void {
    for (let n = 0; n < this.#channels; n++) {
      if ((this.#control(n) & REQUEST) === id) this.#options.onChange?.(n);
    }
  }

  #configure(n: number, before: number): void {
    const cr = this.#control(n);
    if (((cr ^ before) & ENABLE) !== 0) this.#open[n] = 0;
    this.#untilEvent[n] = countOf(cr) - 1;
    this.#update();
    this.#options.onChange?.(n);
    if ((cr & ENABLE) !== 0) this.#options.onSelection?.();
  }

  #configureGenerator(n: number): void {
    if ((this.#generator(n) & ENABLE) === 0) this.#generated[n] = 0;
    else this.#options.onSelection?.();
    this.#update();
  }

  /** dmamux_evtx: channels' events are the first signals of both lists. */
  #event(channel: number): void {
    this.generate(channel);
    this.synchronise(channel);
    this.#options.onEvent?.(channel);
  }

  #overrun(status: "DMAMUX_CSR" | "DMAMUX_RGSR", n: number): void {
    this.registers.setBits(status, 1 << n, true);
    this.#update();
  }

  #clear(status: "DMAMUX_CSR" | "DMAMUX_RGSR", written: number): void {
    this.registers.setBits(status, written, false);
    this.#update();
  }

  #update(): void {
    const csr = this.registers.get("DMAMUX_CSR");
    const rgsr = this.registers.get("DMAMUX_RGSR");
    let asserted = false;
    for (let n = 0; n < this.#channels && csr !== 0; n++) {
      asserted ||= (csr & (1 << n)) !== 0 && (this.#control(n) & SOIE) !== 0;
    }
    for (let n = 0; n < GENERATORS && rgsr !== 0; n++) {
      asserted ||= (rgsr & (1 << n)) !== 0 && (this.#generator(n) & SOIE) !== 0;
    }
    this.#options.interrupt?.set(asserted);
  }
}

/** NBREQ + 1, GNBREQ + 1. */
const countOf = (cr: number): number => ((cr >>> COUNT_SHIFT) & 0x1f) + 1;

/** SPOL, GPOL: is this edge an event? A pulse has both. */
function edge(cr: number, high: boolean | undefined): boolean {
  const polarity = cr & (RISING | FALLING);
  if (high === undefined) return polarity !== 0;
  return (polarity & (high ? RISING : FALLING)) !== 0;
}
