/**
 * Who may reach the internal flash, and what else is secured with it (RM0433, "Readout protection (RDP)", "Secure access
 * mode"): what the chip remembers of debuggers, of its boot and of its secure user software.
 */

import { isSecure, type OptionBytes, readProtectionLevel } from "./flash-options.js";

export class FlashRights {
  readonly #optionBytes: () => OptionBytes;
  /** What may be read, and by whom, changed. */
  readonly #onChange: () => void;
  /** Until power goes. */
  #debuggerSeen = false;
  #bootedElsewhere = false;
  #secureRuns = false;
  #portShut = false;

  constructor(optionBytes: () => OptionBytes, onChange: () => void) {
    this.#optionBytes = optionBytes;
    this.#onChange = onChange;
  }

  /** Level 1, and a debugger is or was there, or the chip booted from RAM or system memory: nothing secured is reached. */
  get shut(): boolean {
    return this.level === 1 && (this.#debuggerSeen || this.#bootedElsewhere);
  }

  get level(): 0 | 1 | 2 {
    return readProtectionLevel(this.#optionBytes().OPTSR);
  }

  /** Secure user software runs: secure-only areas are open. */
  get secureRuns(): boolean {
    return this.#secureRuns;
  }

  /** The debug port is dead: at level 2, and while secure user software runs, or as long as that wants. */
  get portShut(): boolean {
    return this.level === 2 || this.#portShut;
  }

  powerOn(): void {
    this.#debuggerSeen = false;
  }

  /** A debugger wants to access something. False: the debug port does not answer. */
  debuggerConnects(): boolean {
    if (this.portShut) return false;
    if (!this.#debuggerSeen) {
      this.#debuggerSeen = true;
      this.#onChange();
    }
    return true;
  }

  /** A reset is over. @param secureStart secure user software starts @param elsewhere not from the user's flash */
  booted(secureStart: boolean, elsewhere: boolean): void {
    this.#secureRuns = secureStart;
    this.#portShut = secureStart;
    this.#bootedElsewhere = elsewhere;
    this.#onChange();
  }

  /** The secure user software has ended (RSS: exitSecureArea). @param debug may a debugger connect from now on? */
  exitSecureArea(debug: boolean): void {
    if (!isSecure(this.#optionBytes())) return;
    this.#secureRuns = false;
    this.#portShut = !debug;
    this.#onChange();
  }
}
