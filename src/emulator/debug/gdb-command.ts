/** How the packets that GDB sends are told apart. */

/** What to answer, as a byte string; undefined: nothing yet, or nothing ever. */
export type Reply = string | undefined;

export interface GdbCommand {
  /** The packet begins with this; of several that match the longest counts. */
  readonly prefix: string;
  /** It stops, starts or changes something: only for the GDB that controls the board. */
  readonly changes?: boolean;
  /** @param rest what follows the prefix. @throws DebugError with a message for people */
  readonly run: (rest: string) => Reply;
}

export const OK = "OK";
/** GDB shows these as numbers only, so one of each kind is enough: EFAULT and EINVAL. */
export const BUS_ERROR = "E0e";
export const MALFORMED = "E16";
/** What went wrong has been said already. */
export const FAILED = "E01";
/** The empty answer: "not known here". */
export const UNKNOWN = "";

/** An error with words. */
export function errorReply(message: string): string {
  return `E.${message}`;
}

export function findCommand(commands: readonly GdbCommand[], packet: string): GdbCommand | undefined {
  let best: GdbCommand | undefined;
  for (const command of commands) {
    if (packet.startsWith(command.prefix) && command.prefix.length > (best?.prefix.length ?? -1))
      best = command;
  }
  return best;
}
