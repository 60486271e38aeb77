/** What a GDB server needs of what it debugs: one Cortex-M core and its memory, seen by a debugger. */

/** Why the core stands still. */
export type StopReason =
  | { readonly kind: "request" | "step" | "breakpoint" | "vector-catch" }
  | { readonly kind: "watchpoint"; readonly access: WatchAccess; readonly address: number };

export type WatchAccess = "write" | "read" | "access";

/** Selectors of DCRSR.REGSEL (DDI 0403E, C1.6.3); 0 to 15 are r0 to r12, sp, lr, and the address that executes next. */
export const CORE_REGISTER = { PC: 15, XPSR: 16, MSP: 17, PSP: 18, SPECIAL: 20, FPSCR: 33, S0: 64 } as const;

/** The debugger cannot have what it asked for; `message` says what there is. */
export class DebugError extends Error {
  override readonly name = "DebugError";
}

export interface DebugTarget {
  /** Does the board have power? Without it nothing else works. */
  readonly powered: boolean;
  /** Does the core execute, or sleep? False when it stands still for the debugger. */
  readonly running: boolean;
  /** Why it stands still; meaningful while it does. */
  readonly stopReason: StopReason;

  halt(): void;
  resume(): void;
  /** Executes one instruction, past a breakpoint on it, and stands still again; handlers that are due run before it. */
  step(): void;
  /** Resets the chip. @param halt stop before the first instruction */
  reset(halt: boolean): void;

  /** Only while the core stands still. @param selector as `CORE_REGISTER` @throws DebugError */
  readRegister(selector: number): number;
  writeRegister(selector: number, value: number): void;

  /** Where the core is about now, running or not (DWT_PCSR); 0 without power. */
  samplePc(): number;

  /** As many of the bytes as can be read: less where the bus answers with an error. */
  read(address: number, length: number): Uint8Array;
  /** False when the bus answered with an error; what comes before that is written. */
  write(address: number, bytes: Uint8Array): boolean;

  /** @throws DebugError when no comparator is left */
  insertBreakpoint(address: number): void;
  removeBreakpoint(address: number): void;
  hasBreakpoint(address: number): boolean;
  /** @throws DebugError when no comparator is left, or none can watch this range */
  insertWatchpoint(access: WatchAccess, address: number, length: number): void;
  removeWatchpoint(access: WatchAccess, address: number, length: number): void;

  /** Takes every breakpoint and watchpoint away and lets the core run as if nobody had been there. */
  release(): void;
}

/** Internal flash, as a probe's algorithm writes it. */
export interface DebugFlash {
  readonly address: number;
  /** Bytes. */
  readonly length: number;
  /** Bytes that are erased together. */
  readonly blockSize: number;
  /** What it holds now. */
  content(): Uint8Array;
  /** Replaces all of it. */
  program(content: Uint8Array): void;
}
