/** What an emulated board is made with, and what of it survives power-off. */

import type { Board } from "../../boards/board.js";
import type { Engine } from "../cpu/core-options.js";
import type { FlashDefects, SerialNorFlashOptions, SerialNorFlashState } from "../flash/nor-flash.js";
import type { OperationKind } from "../flash/part.js";
import type { GuestMemory } from "../guest-memory.js";
import type { FlashState } from "../peripherals/internal-flash/flash.js";
import type { RtcState } from "../peripherals/rtc/rtc-registers.js";
import type { LinkFault } from "../usb/cdc.js";

export interface EmulatedBoardOptions {
  readonly board: Board;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** What the board has to say: guest mistakes, faults, power events. */
  readonly onMessage: (message: string) => void;
  /** A line that the console port sent, without its line end. */
  readonly onConsole?: (line: string) => void;
  /** A line that a program sent by the ITM's stimulus port 0, without its line end. */
  readonly onSwo?: (line: string) => void;
  /** A probe listens to SWO: it has switched trace on before the first instruction. Default false. */
  readonly swoProbe?: boolean;
  readonly onLed?: (on: boolean) => void;
  /** 12 bytes; default: drawn from `random`. */
  readonly uniqueId?: Uint8Array;
  /** A battery at VBAT keeps the backup domain while the power is off. Default true. */
  readonly battery?: boolean;
  /** Called when the flash chip begins an operation. */
  readonly onFlashOperation?: (kind: OperationKind, address: number, length: number) => void;
  readonly flashDefects?: FlashDefects;
  /** Replaces the data sheet's time of a flash operation, nanoseconds; undefined keeps it. */
  readonly flashDuration?: SerialNorFlashOptions["duration"];
  readonly linkFault?: LinkFault;
  /** Content of an SD card in the slot, whole blocks of 512 bytes; default: no card. */
  readonly sdCard?: Uint8Array;
  /** Wires between pins, as a user plugs them: `["PA7", "PA6"]`. */
  readonly wires?: readonly (readonly [string, string])[];
  /** False: no flash chip is soldered in. Default true. */
  readonly flashPresent?: boolean;
  /** What executes code: both do the same, to the cycle. Default: "translation", where there is WebAssembly. */
  readonly engine?: Engine;
  /** "strict": a missing clean or invalidate shows, as on the chip, and is told. Default "transparent". */
  readonly caches?: "transparent" | "strict";
  /** That of another board, which is gone, after `clear`. Default: its own. */
  readonly memory?: GuestMemory;
  /** "model": instructions and the QUADSPI window take about the chip's time. Default "cycle": a cycle an instruction. */
  readonly time?: "cycle" | "model";
}

/** What survives power-off in the flash chips. */
export interface BoardFlashState {
  /** The flash chip's array. */
  readonly external: Uint8Array;
  readonly externalRegisters: SerialNorFlashState;
  /** Of the second flash chip, where there is one. */
  readonly second?: { readonly external: Uint8Array; readonly registers: SerialNorFlashState };
  /** Of the flash chip on an SPI, where there is one. */
  readonly spiFlash?: { readonly content: Uint8Array; readonly registers: SerialNorFlashState };
}

/** What survives power-off. */
export interface BoardState extends BoardFlashState {
  readonly uniqueId: Uint8Array;
  readonly internal: FlashState;
  readonly backup: { readonly rtc: RtcState; readonly bdcr: number };
}
