/** What distinguishes one serial NOR flash part from another, as data. Times in nanoseconds, clocks in Hz. */

/** Number of data lines that carry a phase. */
export type Lines = 1 | 2 | 4;

/** What an operation that keeps the chip busy does. */
export type OperationKind =
  | "program"
  | "erase"
  | "chip-erase"
  | "status"
  | "security-program"
  | "security-erase";

export interface Duration {
  readonly typicalNs: number;
  readonly maximumNs: number;
}

/** Commands that answer with data. */
export type SourceKind =
  | "read"
  | "sfdp"
  | "security-read"
  | "jedec"
  | "unique-id"
  | "manufacturer-id"
  | "device-id"
  | "status-read"
  | "flag-status-read"
  | "register-read"
  | "lock-read"
  | "sector-lock-read";

/** Commands that take effect when the chip is deselected. */
export type EffectKind =
  | "nop"
  | "write-enable"
  | "write-disable"
  | "volatile-enable"
  | "status-write"
  | "program"
  | "erase"
  | "chip-erase"
  | "security-program"
  | "security-erase"
  | "suspend"
  | "resume"
  | "power-down"
  | "reset-enable"
  | "reset"
  | "burst-wrap"
  | "qpi-enter"
  | "qpi-exit"
  | "read-parameters"
  | "register-write"
  | "clear-flags"
  | "address-4-byte"
  | "address-3-byte"
  | "lock"
  | "sector-lock-write"
  | "unlock"
  | "lock-all"
  | "unlock-all";

export interface CommandSpec {
  readonly name: string;
  readonly kind: SourceKind | EffectKind;
  /** Lines of the address; no address phase when absent. */
  readonly address?: Lines;
  /** Bytes of the address whatever the chip's address mode; default: 3, or 4 in the mode for them. */
  readonly addressBytes?: 3 | 4;
  /** Mode bits M7-M0 follow the address on the same lines. */
  readonly mode?: boolean;
  /** Dummy clocks between address (and mode) and data; a function where a register sets them. */
  readonly dummy?: number | ((readParameters: number) => number);
  /** Lines of the data phase; no data phase when absent. */
  readonly data?: Lines;
  /** Highest clock; a function where the read parameter register sets it. */
  readonly maxHz: number | ((readParameters: number) => number);
  readonly needsQuadEnable?: boolean;
  /** Accepted while BUSY. */
  readonly whileBusy?: boolean;
  /** Address, mode bits and data on both clock edges. */
  readonly doubleRate?: boolean;
  /** Index of the (first) status register or of the volatile register, or bytes of an erase. */
  readonly argument?: number;
  /** Status registers that a read gives one after the other; default 1. */
  readonly registers?: number;
  /** Most data bytes that the command takes before deselection; more make the chip drop it. */
  readonly maxData?: number;
}

export type CommandTable = ReadonlyMap<number, CommandSpec>;

/** Status register bits by role: [index of the register, mask]. */
export type Bit = readonly [register: number, mask: number];

export interface StatusLayout {
  /** Values as the part leaves the factory. Register 0 carries BUSY (bit 0) and WEL (bit 1). */
  readonly factory: readonly number[];
  /** Bits that software can change. */
  readonly writable: readonly number[];
  /** Bits that a volatile write (50h) can change. */
  readonly volatileWritable: readonly number[];
  /** Bits that can be set but never cleared. */
  readonly oneTime: readonly number[];
  /** Bits lost with the power even after a nonvolatile write. */
  readonly untilPowerOff: readonly number[];
  /** Absent on parts whose four lines always work. */
  readonly quadEnable?: Bit;
  /** Absent on parts that tell it in their flag status register. */
  readonly eraseSuspended?: Bit;
  readonly programSuspended?: Bit;
  /** Protects the status registers while /WP is low and QE is 0. */
  readonly registerProtect: Bit;
  /** Protects them until the next power-on. */
  readonly powerLock?: Bit;
  /** Lock bits of the security registers, the first one's mask. */
  readonly securityLock?: Bit;
  /** Selects the individual block locks. */
  readonly individualLocks?: Bit;
}

/** Volatile configuration registers, which power-on and reset load from nonvolatile ones (Micron). */
export interface ConfigurationLayout {
  /** Bits of each register that software can change; `argument` of the commands is the register's index. */
  readonly writable: readonly number[];
  /** What power-on and reset leave in each. */
  readonly reset: (status: Uint8Array) => readonly number[];
  /** Whether addresses have four bytes from then on. */
  readonly fourByteAddresses: (status: Uint8Array) => boolean;
  /** The register that is the read parameters. */
  readonly readParameters: number;
  /** The one that carries the address bits above the 24 of a command with three bytes. */
  readonly extendedAddress: number;
  /** The four-line protocol is on while this bit is 0. */
  readonly quadProtocol: Bit;
  /** Protocols that are not modelled: on while one of these bits is 0. */
  readonly otherProtocols: Bit;
  /** While this bit is 0, IO0 low in the first dummy clock of a read keeps the chip in that command. */
  readonly executeInPlace: Bit;
}

export interface NorPart {
  /** As in `boards/*.json`. */
  readonly name: string;
  /** Answer to 9Fh. */
  readonly jedec: readonly [manufacturer: number, type: number, capacity: number];
  /** What follows them. */
  readonly extendedId?: readonly number[];
  /** Answer to ABh and 90h. */
  readonly deviceId: number;
  /** Bytes, a power of two. */
  readonly size: number;
  readonly sfdp: Uint8Array;
  readonly commands: CommandTable;
  /** The commands in QPI mode; absent on parts without it. */
  readonly qpiCommands?: CommandTable;
  readonly status: StatusLayout;
  readonly configuration?: ConfigurationLayout;
  /** Protected range [start, end) that the status registers ask for. */
  readonly protectedRange: (status: Uint8Array, size: number) => readonly [number, number];
  /** Mode bits that keep the chip in continuous read mode. */
  readonly continuous: { readonly mask: number; readonly value: number };
  readonly security: { readonly count: number; readonly firstAddress: number };
  /** Bytes within which a read wraps, by the read parameter register and what 77h set; 0 for none. */
  readonly readWrap: (command: CommandSpec, readParameters: number, burstWrap: number) => number;
  readonly readParametersReset: number;
  readonly times: {
    readonly program: Duration;
    /** By size of the erased block. */
    readonly erase: ReadonlyMap<number, Duration>;
    readonly chipErase: Duration;
    readonly status: Duration;
    /** Of a nonvolatile configuration register. */
    readonly configuration?: Duration;
    /** From power-on until commands, and those that change something, are taken; default: Winbond's. */
    readonly powerOn?: { readonly readNs: number; readonly writeNs: number };
    /** Latency of suspend. */
    readonly suspendNs: number;
    /** From a reset command that cuts off an operation until the next command is accepted. */
    readonly resetNs: number;
    /** From one that finds the chip idle; default: 1 us. */
    readonly idleResetNs?: number;
    /** From power-down release until the next command. */
    readonly wakeNs: number;
    /** From B9h until the chip is powered down. */
    readonly powerDownNs: number;
  };
}

/** Bytes of a page: the unit of programming, on every part here. */
export const PAGE = 256;
