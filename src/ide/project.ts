/** What the files for an IDE are made of. Names of fields and their meaning: the sources of the IDEs' plug-ins. */

export const IDES = ["vscode", "eclipse", "clion"] as const;
export type Ide = (typeof IDES)[number];

export const PROBES = ["jlink", "stlink", "openocd", "emulated"] as const;
export type ProbeName = (typeof PROBES)[number];

export interface IdeProject {
  /** For people: names of configurations. */
  readonly name: string;
  /** ELF file, from the project's folder, with "/". */
  readonly program: string;
  readonly probe: ProbeName;
  /** How imflasher is started: a program and its first arguments. */
  readonly imflasher: readonly [string, ...string[]];
  /** `imflasher-gdb`, or its path. */
  readonly wrapper: string;
  /** The real GDB. */
  readonly gdb: string;
  /** Options of every command of imflasher: which board, which keys. */
  readonly boardOptions: readonly string[];
  /** Options of `imflasher gdb-server` beside those. */
  readonly serverOptions: readonly string[];
}

/** A file of its own: it is written as a whole. */
export interface WholeFile {
  /** From the project's folder. */
  readonly path: string;
  readonly text: string;
}

export type JsonObject = { readonly [key: string]: unknown };

/** Objects in a list of a JSON file that may hold the user's own, too. */
export interface ListFile {
  readonly path: string;
  /** Name of the list in the file's object. */
  readonly list: string;
  /** Field by which an object is known. */
  readonly key: string;
  readonly objects: readonly JsonObject[];
  /** For a file that is not there yet. */
  readonly version: string;
}

export type IdeFile = WholeFile | ListFile;
