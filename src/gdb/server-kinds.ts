/**
 * What the GDB servers of probes call things. OpenOCD 0.12 was asked itself; pyOCD (gdbserver.py, commands.py), st-util
 * (gdb-server.c) by their sources; the J-Link GDB Server and the ST-LINK GDB server by what IDEs send them.
 */

export interface ServerKind {
  readonly name: string;
  /** Its usual TCP port. */
  readonly port: number;
  /** Of the command that starts it. */
  readonly program: RegExp;
  /** What it says when it listens, with the port, where it says that. */
  readonly says?: RegExp;
  /** Its answer to qSupported, where no other server gives that one. */
  readonly features?: RegExp;
  /** Monitor commands that reset the chip and leave the core before its first instruction; tried in turn. */
  readonly resets: readonly string[];
  /** Monitor command that stops the core, where a reset may leave it running. */
  readonly halt?: string;
  /** Monitor command that lets the core run, where detaching leaves it halted. */
  readonly resume?: string;
}

const RESET_HALT = ["reset halt"];
const RESET = ["reset"];

/** The emulated board's own. */
export const EMULATED = "emulated";

export const SERVER_KINDS: readonly ServerKind[] = [
  {
    name: "openocd",
    port: 3333,
    program: /openocd/i,
    says: /Listening on port (\d+) for gdb connections/,
    features: /qXfer:threads:read\+.*vContSupported\+/,
    resets: RESET_HALT,
    resume: "resume",
  },
  { name: "jlink", port: 2331, program: /jlink/i, resets: RESET },
  { name: "stlink", port: 61234, program: /st-?link_?gdb_?server/i, resets: RESET, halt: "halt" },
  { name: "pyocd", port: 3333, program: /pyocd/i, features: /QNonStop\+/, resets: RESET_HALT },
  {
    name: "st-util",
    port: 4242,
    program: /st-util/i,
    features: /^PacketSize=3fff;qXfer:memory-map:read\+;qXfer:features:read\+$/,
    resets: RESET,
    resume: "resume",
  },
  { name: EMULATED, port: 3333, program: /\bemulate\b/, says: /^gdb (\d+)$/, resets: RESET_HALT },
];

/** For a server of which nothing is known: one of the two ways is everybody's. */
export const UNKNOWN_KIND: ServerKind = {
  name: "unknown",
  port: 3333,
  program: /^$/,
  resets: [...RESET_HALT, ...RESET],
  halt: "halt",
};

/** The kind of the server that a command starts. */
export function kindOfCommand(command: string): ServerKind {
  return SERVER_KINDS.find(({ program }) => program.test(command)) ?? UNKNOWN_KIND;
}

/** The kind of server that usually has this port; of several the first, until it has said what it can do. */
export function kindOfPort(port: number): ServerKind {
  return SERVER_KINDS.find((kind) => kind.port === port) ?? UNKNOWN_KIND;
}

/** The kind of server that gives this answer to qSupported; undefined: that tells nothing. */
export function kindOfFeatures(answer: string): ServerKind | undefined {
  return SERVER_KINDS.find(({ features }) => features?.test(answer) === true);
}
