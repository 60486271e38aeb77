/**
 * Synchronisation by codes in the data (RM0433, DCMI, "Embedded data synchronization mode"): FFh 00h 00h and a code. The bytes
 * FFh and 00h do not occur in a picture.
 */

export interface EmbeddedEvents {
  /** Of the picture. */
  readonly onByte: (byte: number) => void;
  readonly onFrame: (begins: boolean) => void;
  readonly onLine: (begins: boolean) => void;
  /** A code in the wrong order. */
  readonly onError: () => void;
}

/** DCMI_ESCR and DCMI_ESUR: codes and which of their bits are compared. */
export interface EmbeddedCodes {
  readonly codes: number;
  readonly unmasked: number;
}

/** Fields of both registers. */
const SHIFT = { frameStart: 0, lineStart: 8, lineEnd: 16, frameEnd: 24 } as const;
/** As a frame's start: there is none, and the first line after a frame's end begins it. As its end: every other code. */
const ANY = 0xff;
const LEAD_IN = [0xff, 0x00, 0x00] as const;

export class EmbeddedSync {
  readonly #events: EmbeddedEvents;
  readonly #codes: () => EmbeddedCodes;
  /** Bytes of the lead-in so far. */
  #matched = 0;
  #inFrame = false;
  #inLine = false;
  /** A frame's end was seen: only behind one does a frame begin. */
  #ended = false;

  constructor(codes: () => EmbeddedCodes, events: EmbeddedEvents) {
    this.#codes = codes;
    this.#events = events;
  }

  reset(): void {
    this.#matched = 0;
    this.#inFrame = false;
    this.#inLine = false;
    this.#ended = false;
  }

  get inFrame(): boolean {
    return this.#inFrame;
  }

  get inLine(): boolean {
    return this.#inLine;
  }

  byte(byte: number): void {
    if (this.#matched === LEAD_IN.length) {
      this.#matched = 0;
      this.#code(byte);
    } else if (byte === LEAD_IN[this.#matched]) {
      this.#matched++;
    } else {
      for (let n = 0; n < this.#matched; n++) this.#picture(LEAD_IN[n] as number);
      this.#matched = byte === LEAD_IN[0] ? 1 : 0;
      if (this.#matched === 0) this.#picture(byte);
    }
  }

  #picture(byte: number): void {
    if (this.#inLine) this.#events.onByte(byte);
  }

  #code(code: number): void {
    if (this.#is(code, "frameStart")) this.#frameStart();
    else if (this.#is(code, "lineStart")) this.#lineStart();
    else if (this.#is(code, "lineEnd")) this.#lineEnd();
    else if (this.#field("frameEnd") === ANY || this.#is(code, "frameEnd")) this.#frameEnd();
  }

  /** A frame's start is its first line's, too. */
  #frameStart(): void {
    if (this.#inFrame) {
      this.#error();
      return;
    }
    if (!this.#ended) return;
    this.#ended = false;
    this.#inFrame = true;
    this.#events.onFrame(true);
    this.#line(true);
  }

  #lineStart(): void {
    if (!this.#inFrame) {
      if (this.#field("frameStart") === ANY) this.#frameStart();
    } else if (this.#inLine) this.#error();
    else this.#line(true);
  }

  #lineEnd(): void {
    if (this.#inLine) this.#line(false);
    else if (this.#inFrame) this.#error();
  }

  #frameEnd(): void {
    this.#ended = true;
    if (this.#inLine) this.#line(false);
    if (!this.#inFrame) return;
    this.#inFrame = false;
    this.#events.onFrame(false);
  }

  #line(begins: boolean): void {
    this.#inLine = begins;
    this.#events.onLine(begins);
  }

  #error(): void {
    this.reset();
    this.#events.onError();
  }

  #field(name: keyof typeof SHIFT): number {
    return (this.#codes().codes >>> SHIFT[name]) & 0xff;
  }

  #is(code: number, name: keyof typeof SHIFT): boolean {
    const field = this.#field(name);
    if (field === ANY && name === "frameStart") return false;
    return ((code ^ field) & (this.#codes().unmasked >>> SHIFT[name]) & 0xff) === 0;
  }
}
