/** What can go wrong between GDB and the probe: one class for each decision of a caller. */

/** The connection to the probe's server is gone: nothing more can be done in this session. */
export class UpstreamLostError extends Error {
  override readonly name = "UpstreamLostError";
}

/** The probe's server is there, and refused or did not do what was asked. */
export class ProbeError extends Error {
  override readonly name: string = "ProbeError";
}

/** The bootloader stays: the core is halted in it. */
export class NotStartedError extends ProbeError {
  override readonly name: string = "NotStartedError";
}

/** What GDB wants to load cannot be right for this board: nothing was changed. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
}

/** No board has shown its bootloader on USB. */
export class NoUsbBoardError extends Error {
  override readonly name = "NoUsbBoardError";
}
