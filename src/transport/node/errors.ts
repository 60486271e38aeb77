import type { BoardPort } from "./ports.js";

/** There is no port of that name. */
export class PortMissingError extends Error {
  override readonly name = "PortMissingError";
}

/** Another program holds the port. */
export class PortBusyError extends Error {
  override readonly name = "PortBusyError";
}

/** This user may not open the port. */
export class PortAccessError extends Error {
  override readonly name = "PortAccessError";
}

/** It is there, but it is not a serial port, or the system refuses it for another reason. */
export class PortUnusableError extends Error {
  override readonly name = "PortUnusableError";
}

/** No board came within the time. */
export class NoBoardError extends Error {
  override readonly name = "NoBoardError";
}

/** More than one board fits, and nothing says which one is meant. */
export class SeveralBoardsError extends Error {
  override readonly name = "SeveralBoardsError";
  readonly ports: readonly BoardPort[];

  constructor(ports: readonly BoardPort[]) {
    const lines = ports.map(({ path, serial }) => `  ${serial ?? "(no board id)"}  ${path}`);
    super(
      `${ports.length} boards are present:\n${lines.join("\n")}\nchoose one with --serial BOARD_ID or --port PATH`,
    );
    this.ports = ports;
  }
}

interface OpenFailure {
  /** What the operating system says, as the serialport package passes it on: it gives no codes. */
  readonly text: RegExp;
  make(path: string, cause: Error): Error;
}

const OPEN_FAILURES: readonly OpenFailure[] = [
  {
    text: /no such (file|device)|file not found|not configured/i,
    make: (path, cause) =>
      new PortMissingError(
        `${path}: no such port: is the board plugged in? "imflasher list" shows the boards that are present`,
        { cause },
      ),
  },
  {
    text: /permission denied|operation not permitted/i,
    make: (path, cause) =>
      new PortAccessError(
        `${path}: permission denied: add yourself to the group that owns the port ` +
          '("sudo usermod -aG dialout $USER", then log in again), or install a udev rule for the board',
        { cause },
      ),
  },
  {
    text: /temporarily unavailable|resource busy|cannot lock port|access denied/i,
    make: (path, cause) =>
      new PortBusyError(
        `${path}: the port is busy: close the other program that uses it (a terminal, another imflasher, ModemManager)`,
        { cause },
      ),
  },
  {
    text: /inappropriate ioctl|is a directory/i,
    make: (path, cause) =>
      new PortUnusableError(`${path}: not a serial port: expected one such as /dev/ttyACM0`, { cause }),
  },
];

/** Says what a failed opening means and what to do. */
export function explainOpenFailure(path: string, cause: Error): Error {
  const known = OPEN_FAILURES.find(({ text }) => text.test(cause.message));
  return (
    known?.make(path, cause) ??
    new PortUnusableError(`${path}: cannot be opened: ${cause.message}`, { cause })
  );
}
