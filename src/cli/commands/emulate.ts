import { MCU } from "../../boards/board.js";
import type { EmulatedBoard } from "../../emulator/board/emulated-board.js";
import { BoardTarget } from "../../emulator/debug/board-target.js";
import { flashBytes, flashGeometry } from "../../emulator/peripherals/internal-flash/flash-geometry.js";
import { ImageError } from "../../image/error.js";
import type { Segment } from "../../image/image.js";
import { imageFormat, loadImage } from "../../image/load.js";
import { hex32 } from "../../protocol/hex.js";
import { Pump } from "../../transport/emulated/pump.js";
import { readBoard } from "../board-files.js";
import type { CommandContext, RunCommand } from "../command.js";
import { handleControl } from "../emulated/controls.js";
import { type DebugPort, openGdb, openStLink } from "../emulated/debug-ports.js";
import { type KeptBoard, makeBoard } from "../emulated/make-board.js";
import { openMedia } from "../emulated/media.js";
import { openPty } from "../emulated/pty.js";
import { PortBridge, type ServedPort } from "../emulated/serve.js";
import { takeTurnsPaced } from "../emulated/take-turns.js";
import { openTcp } from "../emulated/tcp.js";
import { InterruptedError, UsageError } from "../errors.js";
import { readInput, replaceFile } from "../files.js";
import { readWholeProgram } from "../internal-image.js";
import { parseAddress, parsePort, parseSeconds } from "../numbers.js";
import { encodePng } from "../png.js";

interface EmulateOptions {
  readonly board?: string;
  readonly mcu?: string;
  readonly state?: string;
  readonly internal?: string;
  readonly external?: string;
  readonly sdCard?: string;
  readonly load?: readonly string[];
  readonly wire?: readonly string[];
  readonly pty?: boolean;
  readonly tcp?: string;
  readonly gdb?: string;
  readonly stlink?: string;
  readonly powerOn?: string;
  readonly runFor?: string;
  readonly engine?: string;
  readonly caches?: string;
  readonly time?: string;
  readonly report?: boolean;
  readonly swo?: boolean;
  readonly screenshot?: string;
  readonly record?: string;
  readonly play?: string;
  readonly camera?: string;
}

const DEFAULT_BOARD = "emulated";
const SD_BLOCK = 512;
/** A debugger asks a thousand small things and waits for each answer. */
const DEBUG_SLICE_NS = 1e5;
/** Wall-clock milliseconds between two savings while it runs. */
const SAVE_INTERVAL = 1000;

export const run: RunCommand = async (context, _args, options) => {
  const chosen: EmulateOptions = options;
  const { internal } = chosen;
  const mcu = chipOf(chosen);
  const size = flashBytes(flashGeometry(mcu));
  const program = internal === undefined ? undefined : await readWholeProgram(context.io, internal, size);
  const kept = await boardFrom(context, { ...chosen, mcu }, program?.internal);
  try {
    const media = await openMedia(context, kept.board.host, chosen);
    const inRam = program === undefined ? [] : place(kept.board, internal ?? "", program.elsewhere);
    for (const text of chosen.load ?? []) inRam.push(...(await load(context, kept.board, text)));
    try {
      await serve(context, kept, chosen, inRam);
    } finally {
      await media.write();
    }
  } finally {
    if (chosen.report === true) reportUse(kept.board, context);
    if (chosen.screenshot !== undefined) await takeScreenshot(kept.board, context, chosen.screenshot);
    kept.save();
    kept.release();
  }
};

/** @throws UsageError */
function chipOf({ board, mcu }: EmulateOptions): string {
  if (mcu === undefined) return readBoard(board ?? DEFAULT_BOARD).mcu;
  if (MCU.test(mcu)) return mcu;
  throw new UsageError(`--mcu: expected a chip such as "STM32H743", found ${JSON.stringify(mcu)}`);
}

async function boardFrom(
  context: CommandContext,
  options: EmulateOptions,
  internal: Uint8Array | undefined,
): Promise<KeptBoard> {
  const { reporter } = context;
  return makeBoard({
    name: options.board ?? DEFAULT_BOARD,
    mcu: options.mcu,
    state: options.state,
    external: options.external,
    sdCard: options.sdCard === undefined ? undefined : await readCard(context, options.sdCard),
    internal,
    wires: (options.wire ?? []).map(parseWire),
    engine: oneOf("--engine", options.engine ?? "translation", ["translation", "interpreter"]),
    caches: oneOf("--caches", options.caches ?? "transparent", ["transparent", "strict"]),
    time: oneOf("--time", options.time ?? "cycle", ["cycle", "model"]),
    onMessage: (message) => reporter.event("board", { message }, `board: ${message}`),
    swoProbe: options.swo,
    onSwo: (line) => reporter.event("swo", { line }, `swo: ${line}`),
    onConsole: (line) => reporter.event("console", { line }, `console: ${line}`),
    onLed: (on) => reporter.event("led", { on }),
  });
}

const WIRE = /^(P[A-K](?:\d|1[0-5]))=(P[A-K](?:\d|1[0-5]))$/;

/** @throws UsageError */
function parseWire(text: string): readonly [string, string] {
  const [, one, other] = WIRE.exec(text) ?? [];
  if (one !== undefined && other !== undefined && one !== other) return [one, other];
  throw new UsageError(`--wire: expected two pins such as PA7=PA6, found ${JSON.stringify(text)}`);
}

/** The raw image of an SD card, as `dd` reads one. It is not written back. @throws ImageError, FileError */
async function readCard(context: CommandContext, file: string): Promise<Uint8Array> {
  const bytes = await readInput(context.io, file);
  if (bytes.length > 0 && bytes.length % SD_BLOCK === 0) return bytes;
  throw new ImageError(
    `${file}: expected the raw image of an SD card, a multiple of ${SD_BLOCK} bytes, found ${bytes.length}`,
  );
}

/** `--report`: how often each peripheral was accessed, and each message that was told once with how often it applied. */
function reportUse(board: EmulatedBoard, { reporter }: CommandContext): void {
  const used = board.chip.bus.regions.filter(({ touched }) => touched > 0);
  for (const { name, touched } of used.toSorted((a, b) => b.touched - a.touched)) {
    reporter.event("used", { name, accesses: touched }, `used: ${name}: ${touched} accesses`);
  }
  for (const { message, count } of board.log.occurrences) {
    reporter.event("told", { message, count }, `told ${count} times: ${message}`);
  }
}

/** `--screenshot FILE`: what LTDC shows at the end, as PNG. @throws FileError */
async function takeScreenshot(board: EmulatedBoard, context: CommandContext, file: string): Promise<void> {
  const { io, reporter } = context;
  const picture = board.chip.picture();
  if (picture === undefined || picture.width * picture.height === 0) {
    reporter.note(`${file}: not written, the program has not switched on the display controller (LTDC)`);
    return;
  }
  await replaceFile(io, file, encodePng(picture.width, picture.height, picture.rgb));
}

/** `--load FILE[@ADDR]`: as if a programmer had put it into the flash chip. @returns what is for RAM */
async function load(context: CommandContext, board: EmulatedBoard, text: string): Promise<Segment[]> {
  const at = text.lastIndexOf("@");
  const file = at < 0 ? text : text.slice(0, at);
  const address = at < 0 ? undefined : parseAddress("--load FILE@ADDR", text.slice(at + 1));
  const bytes = await readInput(context.io, file);
  if (address === undefined && imageFormat(bytes, file) === "bin")
    throw new UsageError(`--load ${file}: raw bytes carry no address: expected --load ${file}@0x90100000`);
  return place(board, file, loadImage(bytes, file, { address }).segments);
}

/** Puts what is for the flash chip there. @returns what is for RAM, which forgets it until the board has power */
function place(board: EmulatedBoard, file: string, segments: readonly Segment[]): Segment[] {
  const base = board.board.flash.address;
  const length = board.externalBytes;
  const inRam: Segment[] = [];
  for (const segment of segments) {
    const { address, bytes } = segment;
    const offset = address - base;
    if (offset >= 0 && offset + bytes.length <= length) board.loadExternal(bytes, offset);
    else if (board.chip.bus.peek(address, bytes.length) !== undefined) inRam.push(segment);
    else {
      throw new ImageError(
        `${file}: ${hex32(address)} with ${bytes.length} bytes lies outside the flash chip: expected ${hex32(base)} to ${hex32(base + length - 1)}, or RAM`,
      );
    }
  }
  return inRam;
}

async function openPorts(options: EmulateOptions): Promise<ServedPort[]> {
  const ports: ServedPort[] = [];
  if (options.pty === true) ports.push(await openPty());
  if (options.tcp !== undefined) ports.push(await openTcp(parsePort("--tcp", options.tcp)));
  return ports;
}

async function openDebugPorts(
  { reporter }: CommandContext,
  target: BoardTarget,
  board: EmulatedBoard,
  options: EmulateOptions,
): Promise<DebugPort[]> {
  const note = (message: string): void => reporter.event("debug", { message }, `debug: ${message}`);
  const ports: DebugPort[] = [];
  if (options.gdb !== undefined)
    ports.push(await openGdb(board, target, parsePort("--gdb", options.gdb), note));
  if (options.stlink !== undefined)
    ports.push(await openStLink(board, parsePort("--stlink", options.stlink), note));
  return ports;
}

/** @throws UsageError */
function oneOf<const T extends string>(option: string, text: string, choices: readonly T[]): T {
  const chosen = choices.find((choice) => choice === text);
  if (chosen !== undefined) return chosen;
  throw new UsageError(`${option}: expected ${choices.join(" or ")}, found ${JSON.stringify(text)}`);
}

/** `--power-on halted`: the core waits for a debugger before its first instruction. @throws UsageError */
function powersOnHalted({ powerOn }: EmulateOptions): boolean {
  if (powerOn === undefined || powerOn === "halted") return powerOn !== undefined;
  throw new UsageError(`--power-on: expected "halted", found ${JSON.stringify(powerOn)}`);
}

/** @param inRam as a programmer leaves it there, which writes a program to all of its addresses and then resets the chip */
async function serve(
  context: CommandContext,
  kept: KeptBoard,
  options: EmulateOptions,
  inRam: readonly Segment[],
): Promise<void> {
  const { io, reporter } = context;
  const { board } = kept;
  const halted = powersOnHalted(options);
  const ports = await openPorts(options);
  new PortBridge(board, ports);
  const target = new BoardTarget(board);
  const debugPorts = await openDebugPorts(context, target, board, options);
  for (const { kind, value } of [...ports, ...debugPorts]) {
    reporter.event(kind, { [kind]: value }, `${kind} ${value}`);
  }
  const paced = takeTurnsPaced();
  const pump = new Pump(
    board,
    (now) => {
      for (const port of debugPorts) port.poll();
      return paced(now);
    },
    debugPorts.length > 0 ? DEBUG_SLICE_NS : undefined,
  );
  const saver = setInterval(() => kept.save(), SAVE_INTERVAL);
  const stopControls = io.readLines((line) => handleControl(board, line, reporter));
  board.plug();
  board.powerOn();
  for (const { address, bytes } of inRam) board.chip.bus.poke(address, bytes);
  if (halted) target.halt();
  try {
    await ended(context, pump, board, options);
  } finally {
    clearInterval(saver);
    stopControls();
    await pump.stop();
    for (const port of [...ports, ...debugPorts]) port.close();
  }
}

/** Resolves after --run-for; rejects on Ctrl-C and when the emulator itself fails. */
function ended(
  { io }: CommandContext,
  pump: Pump,
  board: EmulatedBoard,
  options: EmulateOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (options.runFor !== undefined) {
      board.after(parseSeconds("--run-for", options.runFor) * 1e6, resolve);
    }
    const stop = (): void => reject(new InterruptedError("interrupted: the board's memories are kept"));
    if (io.signal.aborted) stop();
    io.signal.addEventListener("abort", stop, { once: true });
    pump.start(reject);
  });
}
