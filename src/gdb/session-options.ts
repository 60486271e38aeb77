/** What a session in the middle needs of its surroundings. */

import type { Timers } from "../protocol/transport.js";
import type { Layout } from "./layout.js";
import type { FlashProgram, Via } from "./loader.js";
import type { ServerKind } from "./server-kinds.js";
import type { ProgramToRun, Started } from "./starter.js";
import type { Upstream } from "./upstream.js";

export interface GdbSessionOptions {
  readonly upstream: Upstream;
  readonly kind: ServerKind;
  /** undefined: as the board's bootloader tells. */
  readonly layout: Layout | undefined;
  readonly timers: Timers;
  readonly flash: FlashProgram;
  readonly via: Via;
  readonly toRun?: ProgramToRun | undefined;
  /** GDB may write the internal flash, where the bootloader is. */
  readonly internalFlash: boolean;
  /** May this GDB load and reset? Of several only the first. */
  readonly controls: () => boolean;
  readonly write: (bytes: string) => void;
  /** Ends the connection to GDB, after what was written. */
  readonly close: () => void;
  /** Something for people who do not sit at GDB's console. */
  readonly note: (message: string) => void;
  /** A program was loaded, for programs that look on. */
  readonly onLoad: (started: Started) => void;
  /** GDB was refused something. */
  readonly onFailure: (error: Error) => void;
}
