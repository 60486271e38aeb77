import { createHash } from "node:crypto";
import type { Board } from "../../boards/board.js";
import type { BoardState, EmulatedBoardOptions } from "../../emulator/board/board-options.js";
import { EmulatedBoard } from "../../emulator/board/emulated-board.js";
import { norPart } from "../../emulator/flash/parts.js";
import { FLASH_WORD_BYTES } from "../../emulator/peripherals/internal-flash/flash-cells.js";
import { flashBytes, flashGeometry } from "../../emulator/peripherals/internal-flash/flash-geometry.js";
import { BootloaderImageError, bootloaderLength, readBootloaderIdentity } from "../../flasher/index.js";
import { internalImage, readBoard, secondStageImage } from "../board-files.js";
import { defaultStateFolder, type KeptState, newUniqueId, StateFolder } from "./state-folder.js";
import { keepYoungGeneration } from "./young-generation.js";

/** The bootloader's share of the internal flash; behind it lies its log (docs/protocol.md, section 10). */
const BOOTLOADER_BYTES = 0x1_0000;

export interface MakeBoardOptions {
  /** Name of a file in `boards/`, or the path of a board file. */
  readonly name: string;
  /** Folder that keeps what survives power-off; "none": nothing is kept; undefined: the user's data folder. */
  readonly state?: string | undefined;
  /** Raw file for the flash chip's content. */
  readonly external?: string | undefined;
  /**
   * Image for the internal flash, from its start; default: the bootloader that was built for the board. It is put there once:
   * what the board has made of it since stays until another image is given.
   */
  readonly internal?: Uint8Array | undefined;
  /** The chip, in place of the board file's: "STM32H743". */
  readonly mcu?: string | undefined;
  /** Default "transparent". */
  readonly engine?: EmulatedBoardOptions["engine"];
  readonly caches?: EmulatedBoardOptions["caches"];
  /** Default "cycle". */
  readonly time?: EmulatedBoardOptions["time"];
  /** Content of an SD card in the slot. */
  readonly sdCard?: Uint8Array | undefined;
  readonly wires?: EmulatedBoardOptions["wires"];
  readonly onMessage: (message: string) => void;
  readonly onConsole?: (line: string) => void;
  readonly onSwo?: (line: string) => void;
  readonly swoProbe?: boolean | undefined;
  readonly onLed?: (on: boolean) => void;
}

/** A board with its memory: `save` writes it, `release` lets others have it. */
export interface KeptBoard {
  readonly board: EmulatedBoard;
  save(): void;
  release(): void;
}

/** Puts IMSSBL into the slot of a board with a first stage, as dfu-util would. Other boards stay as they are. */
export function installSecondStage({ board, flashChip }: EmulatedBoard, nameOrPath: string): void {
  if (board.firstStage === undefined) return;
  const { address } = board.firstStage.slot;
  flashChip.content.set(secondStageImage(nameOrPath), address - board.flash.address);
}

function slotIsBlank({ board, flashChip }: EmulatedBoard): boolean {
  if (board.firstStage === undefined) return false;
  const { address, length } = board.firstStage.slot;
  const at = address - board.flash.address;
  return flashChip.content.subarray(at, at + length).every((byte) => byte === 0xff);
}

/** Makes a board, powered off and unplugged, with its memory as it was left. */
export function makeBoard(options: MakeBoardOptions): KeptBoard {
  keepYoungGeneration();
  const board = boardWithChip(options.name, options.mcu);
  const folder =
    options.state === "none"
      ? undefined
      : new StateFolder(options.state ?? defaultStateFolder(board.name), board.name, options.external);
  const stored = folder?.read(
    norPart(board.flash.part).size,
    flashBytes(flashGeometry(board.mcu)),
    board.spiFlash === undefined ? 0 : norPart(board.spiFlash.part).size,
  );
  const uniqueId = stored?.state.uniqueId ?? newUniqueId();
  const emulated = new EmulatedBoard(boardOptions(options, board, uniqueId));
  if (stored !== undefined) load(emulated, stored.state, folder);
  const installed = installInternal(emulated, options, stored);
  if (slotIsBlank(emulated)) installSecondStage(emulated, options.name);
  let kept: number | undefined;
  return {
    board: emulated,
    save: () => {
      folder?.write(emulated.save(), installed, kept !== emulated.flashChanges);
      kept = emulated.flashChanges;
    },
    release: () => folder?.release(),
  };
}

/** A board with another chip is another board: it has a state folder of its own. */
function boardWithChip(name: string, mcu: string | undefined): Board {
  const board = readBoard(name);
  if (mcu === undefined || mcu === board.mcu) return board;
  return { ...board, name: `${board.name}-${mcu.toLowerCase()}`, mcu };
}

/** @throws StateFolderError when the state is of another chip. */
function load(board: EmulatedBoard, stored: BoardState, folder: StateFolder | undefined): void {
  try {
    board.load(stored);
  } catch (error) {
    if (error instanceof RangeError && folder !== undefined) throw folder.unusable(error.message);
    throw error;
  }
}

function boardOptions(options: MakeBoardOptions, board: Board, uniqueId: Uint8Array): EmulatedBoardOptions {
  const { sdCard, wires, onMessage, onConsole, onSwo, swoProbe, onLed, engine, caches, time } = options;
  return {
    board,
    uniqueId,
    random: Math.random,
    onMessage,
    ...(sdCard === undefined ? {} : { sdCard }),
    ...(wires === undefined ? {} : { wires }),
    ...(engine === undefined ? {} : { engine }),
    ...(caches === undefined ? {} : { caches }),
    ...(time === undefined ? {} : { time }),
    ...(onConsole === undefined ? {} : { onConsole }),
    ...(onSwo === undefined ? {} : { onSwo }),
    ...(swoProbe === undefined ? {} : { swoProbe }),
    ...(onLed === undefined ? {} : { onLed }),
  };
}

/**
 * As a probe would: an image given by the user replaces the sector; the bootloader is renewed before its log. The image that
 * was put there last is put there again only where it was a bootloader, and none is whole any more.
 * @returns SHA-256 of the image, hexadecimal
 */
function installInternal(
  board: EmulatedBoard,
  { name, internal }: MakeBoardOptions,
  stored: KeptState | undefined,
): string {
  const image = internal ?? internalImage(name);
  const digest = createHash("sha256").update(image).digest("hex");
  if (stored === undefined) board.loadInternal(image);
  else if (stored.installed !== digest || (isBootloader(image) && !holdsBootloader(stored.state))) {
    if (internal === undefined) renewBootloader(board, image, stored.state);
    else board.loadInternal(image);
  }
  return digest;
}

function isBootloader(image: Uint8Array): boolean {
  try {
    readBootloaderIdentity(image);
    return true;
  } catch (error) {
    if (error instanceof BootloaderImageError) return false;
    throw error;
  }
}

function holdsBootloader({ internal }: BoardState): boolean {
  const { bytes, broken } = internal.cells;
  const length = bootloaderLength(bytes);
  return isBootloader(bytes.slice(0, length)) && broken.every((word) => word * FLASH_WORD_BYTES >= length);
}

function renewBootloader(board: EmulatedBoard, image: Uint8Array, { internal }: BoardState): void {
  const { cells, options } = internal;
  const bytes = cells.bytes.slice();
  bytes.fill(0xff, 0, BOOTLOADER_BYTES);
  bytes.set(image);
  const behind = (words: readonly number[]) =>
    words.filter((word) => word * FLASH_WORD_BYTES >= BOOTLOADER_BYTES);
  const own = Array.from({ length: Math.ceil(image.length / FLASH_WORD_BYTES) }, (_, word) => word);
  board.chip.flash.load({
    cells: { bytes, programmed: [...own, ...behind(cells.programmed)], broken: behind(cells.broken) },
    options,
  });
}
