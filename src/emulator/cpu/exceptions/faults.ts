/** Faults as the ARMv7-M Architecture Reference Manual names them (DDI 0403E, B3.2.15 CFSR, B3.2.16 HFSR). */

export const Exception = {
  reset: 1,
  nmi: 2,
  hardFault: 3,
  memManage: 4,
  busFault: 5,
  usageFault: 6,
  svCall: 11,
  debugMonitor: 12,
  pendSv: 14,
  sysTick: 15,
  /** Exception number of IRQ 0. */
  irq0: 16,
} as const;

export const CFSR = {
  IACCVIOL: 1 << 0,
  DACCVIOL: 1 << 1,
  MUNSTKERR: 1 << 3,
  MSTKERR: 1 << 4,
  MLSPERR: 1 << 5,
  MMARVALID: 1 << 7,
  IBUSERR: 1 << 8,
  PRECISERR: 1 << 9,
  IMPRECISERR: 1 << 10,
  UNSTKERR: 1 << 11,
  STKERR: 1 << 12,
  LSPERR: 1 << 13,
  BFARVALID: 1 << 15,
  UNDEFINSTR: 1 << 16,
  INVSTATE: 1 << 17,
  INVPC: 1 << 18,
  NOCP: 1 << 19,
  UNALIGNED: 1 << 24,
  DIVBYZERO: 1 << 25,
} as const;

export const HFSR = { VECTTBL: 1 << 1, FORCED: 1 << 30, DEBUGEVT: 1 << 31 } as const;

/** Stands beside CFSR's bits where a fault is told to the vector catch: a vector could not be read. */
export const VECTOR_UNREADABLE = 1 << 29;

/** Thrown inside the core by an instruction that faults; never leaves `run()` and carries no stack, so it is cheap. */
export class CoreFault {
  /** Exception number that it raises before escalation. */
  readonly exception: number;
  /** Bits to set in CFSR (or in HFSR for a HardFault). */
  readonly status: number;
  /** For MMFAR or BFAR. */
  readonly address: number | undefined;

  constructor(exception: number, status: number, address?: number) {
    this.exception = exception;
    this.status = status;
    this.address = address;
  }
}

export const usageFault = (status: number): CoreFault => new CoreFault(Exception.usageFault, status);

/**
 * The core met an instruction whose effect is UNPREDICTABLE or that is not modelled, and stops: going on would
 * show something that the chip need not do.
 */
export class UnmodelledInstructionError extends Error {
  override readonly name = "UnmodelledInstructionError";
  /** Address of the instruction. */
  readonly pc: number;
  /** The instruction: a halfword, or first halfword << 16 | second. */
  readonly opcode: number;

  constructor(what: string, pc: number, opcode: number, size: number) {
    super(
      `${what}: instruction ${hex(opcode, size * 2)} at pc ${hex(pc)} is UNPREDICTABLE or not modelled here; ` +
        "the core stops. Look at the code around pc, or at how it got there (lr).",
    );
    this.pc = pc >>> 0;
    this.opcode = opcode >>> 0;
  }
}

export function hex(value: number, digits = 8): string {
  return `0x${(value >>> 0).toString(16).padStart(digits, "0")}`;
}

/** Names of the bits that are set in a CFSR and an HFSR value. */
export function faultNames(cfsr: number, hfsr: number): string[] {
  const names = (bits: Readonly<Record<string, number>>, value: number): string[] =>
    Object.entries(bits).flatMap(([name, bit]) => ((value & bit) === 0 ? [] : [name]));
  return [...names(CFSR, cfsr), ...names(HFSR, hfsr)];
}
