/** All commands. Each is loaded only when it runs, so that the others, --help and --version stay quick. */
import type { CommandContext } from "./context.js";

/** Arguments in the order of `arguments`; a missing optional one is undefined. */
export type RunCommand = (
  context: CommandContext,
  args: readonly (string | undefined)[],
  options: Readonly<Record<string, unknown>>,
) => Promise<void>;

export interface CommandSpec {
  /** One word, or two: a group and what is done in it. */
  readonly name: string;
  readonly summary: string;
  /** As commander takes them: "<LENGTH>" is needed, "[ADDR]" is not. */
  readonly arguments: readonly string[];
  /** For help, where the arguments alone do not tell it. */
  readonly usage?: string;
  /** Flags and what they do. */
  readonly options?: readonly (readonly [flags: string, description: string])[];
  /** It takes --all and several --serial. */
  readonly severalBoards?: boolean;
  load(): Promise<{ readonly run: RunCommand }>;
}

/** What the commands of keys do together. */
export const GROUPS: Readonly<Record<string, string>> = {
  keys: "make an authority, issue keys, show keys",
  board: "list, show and check boards, make a new one",
};

const AUTHORITY = ["--authority <dir>", "folder of the authority"] as const;

const FILE_FIRST = "[options] [ADDR] FILE";

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: "flash",
    summary: "write FILE (.bin, .hex, .elf, .uf2), verify it and start it; ADDR is needed for .bin",
    arguments: ["<ADDR-or-FILE>", "[FILE]"],
    usage: FILE_FIRST,
    options: [
      ["--all", "every board that is present, at once; also: --serial ID --serial ID …"],
      ["--no-boot", "leave the board in its bootloader afterwards"],
      ["--unprotect", "clear the flash chip's block protection first"],
      ["--signature <file>", "the owner's signature of FILE (default: FILE.sig, where it is)"],
    ],
    severalBoards: true,
    load: () => import("./commands/flash.js"),
  },
  {
    name: "id",
    summary: "print the board id",
    arguments: [],
    load: () => import("./commands/id.js"),
  },
  {
    name: "info",
    summary: "print everything known of a board",
    arguments: [],
    load: () => import("./commands/info.js"),
  },
  {
    name: "list",
    summary: "list the boards that are present",
    arguments: [],
    load: () => import("./commands/list.js"),
  },
  {
    name: "erase",
    summary: "erase LENGTH bytes at ADDR",
    arguments: ["<ADDR>", "<LENGTH>"],
    load: () => import("./commands/erase.js"),
  },
  {
    name: "read",
    summary: "read LENGTH bytes at ADDR into FILE",
    arguments: ["<ADDR>", "<LENGTH>", "<FILE>"],
    load: () => import("./commands/read.js"),
  },
  {
    name: "verify",
    summary: "compare FILE with what the board holds; ADDR is needed for .bin",
    arguments: ["<ADDR-or-FILE>", "[FILE]"],
    usage: FILE_FIRST,
    load: () => import("./commands/verify.js"),
  },
  {
    name: "boot",
    summary: "start the application once: at ADDR, or at the stored boot address",
    arguments: ["[ADDR]"],
    load: () => import("./commands/boot.js"),
  },
  {
    name: "default-boot",
    summary: "show where a restart boots, or store ADDR as that",
    arguments: ["[ADDR]"],
    load: () => import("./commands/default-boot.js"),
  },
  {
    name: "keys new-authority",
    summary: "make an authority in DIR: who owns boards and issues keys for them",
    arguments: ["<DIR>"],
    options: [["--passphrase", "lock its private key with a passphrase"]],
    load: () => import("./commands/keys-new-authority.js"),
  },
  {
    name: "keys issue",
    summary: "add a key to keys.json: who may do what on a board",
    arguments: [],
    options: [
      AUTHORITY,
      ["--board <id>", "the board's id, or any: all boards of the authority"],
      ["--to <name>", "who gets the key"],
      ["--may <rights>", "out of flash,read,erase,boot,claim (default: flash,read,erase,boot)"],
      ["--expires <date>", "day on which it ends, such as 2027-01-31 (default: never)"],
      ["--out <file>", "the file that it is added to (default: keys.json)"],
    ],
    load: () => import("./commands/keys-issue.js"),
  },
  {
    name: "keys show",
    summary: "explain a keys.json in words",
    arguments: ["[FILE]"],
    load: () => import("./commands/keys-show.js"),
  },
  {
    name: "claim",
    summary: "make an open board the authority's own: it then takes keys only",
    arguments: [],
    options: [AUTHORITY],
    load: () => import("./commands/claim.js"),
  },
  {
    name: "release",
    summary: "make a board of the authority open again",
    arguments: [],
    options: [AUTHORITY],
    load: () => import("./commands/release.js"),
  },
  {
    name: "policy",
    summary:
      "show the owner's policy or change it: require-signed, allow-unsigned, own-certificates-only, any-certificates",
    arguments: ["[CHANGE]"],
    options: [AUTHORITY],
    load: () => import("./commands/policy.js"),
  },
  {
    name: "sign",
    summary: "sign FILE for boards that run signed programs only; ADDR is needed for .bin",
    arguments: ["<ADDR-or-FILE>", "[FILE]"],
    usage: FILE_FIRST,
    options: [AUTHORITY, ["--out <file>", "the signature's file (default: FILE.sig)"]],
    load: () => import("./commands/sign.js"),
  },
  {
    name: "protect",
    summary: "show the read-out protection of the internal flash, or set it: level-1",
    arguments: ["[LEVEL]"],
    options: [AUTHORITY],
    load: () => import("./commands/protect.js"),
  },
  {
    name: "board list",
    summary: "list the boards that are known",
    arguments: [],
    load: () => import("./commands/board-list.js"),
  },
  {
    name: "board show",
    summary: "print pins, flash chip and regions of a board: a name, or a board file",
    arguments: ["<BOARD>"],
    load: () => import("./commands/board-show.js"),
  },
  {
    name: "board check",
    summary: "hold a board file to the chip: pins, flash part, regions",
    arguments: ["<FILE>"],
    load: () => import("./commands/board-check.js"),
  },
  {
    name: "board new",
    summary: "make a board file from DRAFT (JSON), or by asking, and build its firmware",
    arguments: ["[DRAFT]"],
    options: [["--out <dir>", "where the board file and its firmware go (default: here)"]],
    load: () => import("./commands/board-new.js"),
  },
  {
    name: "install",
    summary:
      "tell how the bootloader gets onto a board for the first time: commands for the board of --board",
    arguments: [],
    options: [["--probe <probe>", "dfu, stlink, jlink or openocd (default: all of them)"]],
    load: () => import("./commands/install.js"),
  },
  {
    name: "inspect",
    summary: "tell what FILE is: format, addresses, vectors, EXST fields and whether the hash is right",
    arguments: ["<FILE>"],
    load: () => import("./commands/inspect.js"),
  },
  {
    name: "pack-exst",
    summary: "make an EXST image of 448 KiB, for a first stage, from a program that is linked for 0x24010000",
    arguments: ["<IN>", "<OUT>"],
    load: () => import("./commands/pack-exst.js"),
  },
  {
    name: "update-bootloader",
    summary: "replace the bootloader of a board that runs it: by FILE, or the one built for the board",
    arguments: ["[FILE]"],
    options: [["--force", "also by an older one"], AUTHORITY],
    load: () => import("./commands/update-bootloader.js"),
  },
  {
    name: "emulate",
    summary: "run an emulated board until Ctrl-C; lines on stdin act on it: reset, power off, unplug …",
    arguments: [],
    options: [
      ["--pty", "serve its serial port as a pseudo-terminal"],
      ["--tcp <port>", "serve its serial port on a TCP port of this machine; 0 chooses one"],
      ["--gdb <port>", "serve GDB on a TCP port of this machine; 0 chooses one"],
      ["--stlink <port>", "be an ST-LINK server for OpenOCD on a TCP port of this machine; 0 chooses one"],
      ["--power-on <how>", "halted: the core waits for a debugger before its first instruction"],
      ["--engine <which>", "what executes code: interpreter or translation (default), to the same effect"],
      ["--caches <how>", "strict: a missing clean or invalidate shows, and is told (default: transparent)"],
      ["--time <how>", "model: instructions take about the chip's time (default: cycle, one each)"],
      ["--mcu <chip>", "another chip in the board's place: STM32H743 has 2 MiB of flash in two banks"],
      ["--internal <file>", "image for the internal flash (default: the bootloader built for the board)"],
      ["--external <file>", "raw file that is the flash chip's content, written back"],
      ["--sd-card <file>", "raw image of an SD card in the slot; it is only read"],
      [
        "--load <file@addr...>",
        "put an image into the flash chip before power-on; .elf and .hex need no @addr",
      ],
      ["--report", "at the end: which peripherals were used how often, and what was told, with counts"],
    ],
    load: () => import("./commands/emulate.js"),
  },
  {
    name: "gdb-server",
    summary: "stand between GDB and a probe's GDB server, so that load writes external flash",
    arguments: [],
    options: [
      ["--upstream <host:port>", "the probe's GDB server (default: the usual port of what --spawn starts)"],
      ["--spawn <command>", "start the probe's GDB server, and end it with this one"],
      ["--listen <port>", "TCP port of this machine for GDB; 0 chooses one (default: 3334)"],
      ["--once", "end when GDB leaves"],
      ["--layout <board>", "the board, or its file (default: what the board's bootloader tells)"],
      [
        "--between <fd,fd>",
        "open connections to the probe's server and to GDB, of a process that started this one",
      ],
      ["--via <way>", "how programs come to the board: usb, probe, or auto: the probe without a USB cable"],
      ["--signature <file>", "the owner's signature of the program that GDB loads"],
      ["--internal-flash", "let GDB write the internal flash, where the bootloader is"],
    ],
    load: () => import("./commands/gdb-server.js"),
  },
  {
    name: "ide",
    summary: "write an IDE's debug configurations for a project: vscode, eclipse or clion",
    arguments: ["<IDE>"],
    options: [
      ["--probe <name>", "jlink, stlink, openocd or emulated (default: openocd)"],
      ["--folder <dir>", "the project's folder (default: the working directory)"],
      ["--program <file>", "the program as an ELF file (default: the only .elf file in the folder)"],
      ["--name <name>", "the project's name (default: Eclipse's, else the folder's)"],
      ["--layout <board>", "passed on to gdb-server, as --serial, --port, --keys and --timeout are"],
      ["--via <way>", "passed on to gdb-server"],
      ["--signature <file>", "passed on to gdb-server"],
      ["--force", "replace configurations of the same name that say something else"],
    ],
    load: () => import("./commands/ide.js"),
  },
];
