/** What a board's log holds when a history begins (docs/protocol.md, sections 10 and 11.6). */
import { createHash } from "node:crypto";
import type { EmulatedBoard } from "../../src/emulator/board/emulated-board.js";
import { FLASH_WORD_BYTES } from "../../src/emulator/peripherals/internal-flash/flash-cells.js";
import { concat } from "../../src/protocol/bytes.js";
import type { Fault } from "./faults.js";
import { bootWord, ownerWords, UNIQUE_ID } from "./owner.js";
import type { Scenario } from "./scenario.js";

/** The log in internal flash. */
const LOG = 0x1_0000;
const LINK_BYTES = 28;
const LINK_TEXT = "IMFL-LOG-1\0\0";
/** A slot that was read back. */
const MARK = new Uint8Array(4);

/** Oldest first, the owner's before the boot addresses. */
function logWords({ owner, log }: Pick<Scenario, "owner" | "log">): Uint8Array[] {
  return [...(owner === undefined ? [] : ownerWords(owner)), ...log.map(bootWord)];
}

/** The log of a board behind a first stage, in external flash: slots that are linked (docs/imssbl.md). */
export function chainedLog(scenario: Pick<Scenario, "owner" | "log">): Uint8Array {
  let link: Uint8Array = new Uint8Array(LINK_BYTES);
  const slots = logWords(scenario).map((word, index) => {
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, index, true);
    const message = concat([Buffer.from(LINK_TEXT), UNIQUE_ID, number, link, word]);
    link = createHash("sha256").update(message).digest().subarray(0, LINK_BYTES);
    return concat([word, link, MARK]);
  });
  return concat(slots);
}

/** The log in internal flash, with the bit flips that the scenario has. */
export function writeInternalLog({ chip }: EmulatedBoard, scenario: Scenario): void {
  const { flash, bus } = chip;
  const state = flash.save();
  const bytes = state.cells.bytes.slice();
  const programmed = [...state.cells.programmed];
  const broken = [...state.cells.broken];
  const words = logWords(scenario);
  const owners = words.length - scenario.log.length;
  const flips = new Map(scenario.faults.flatMap((fault) => flippedWords(fault, owners)));
  words.forEach((word, index) => {
    const at = LOG + index * FLASH_WORD_BYTES;
    bytes.set(word, at);
    programmed.push(at / FLASH_WORD_BYTES);
    const ecc = flips.get(index);
    if (ecc === true) broken.push(at / FLASH_WORD_BYTES);
    if (ecc === false) bytes[at + 5] = (bytes[at + 5] ?? 0) ^ 0x15;
  });
  flash.load({ ...state, cells: { bytes, programmed, broken } });
  bus.refreshLent();
}

/** What the log tells after the bit flips. */
export function storedBootAddress({ log, faults }: Scenario, factory: number): number {
  const lost = new Set(faults.flatMap((fault) => (fault.kind === "log-flips" ? fault.words : [])));
  return log.filter((_, index) => !lost.has(index)).at(-1) ?? factory;
}

/** Index in the log, and whether it answers with an ECC error, of each word that the fault breaks. */
function flippedWords(fault: Fault, ownerCount: number): [number, boolean][] {
  if (fault.kind !== "log-flips") return [];
  const { words, ownerWord, ecc } = fault;
  const found = words.map((index): [number, boolean] => [ownerCount + index, ecc]);
  return ownerWord === undefined ? found : [...found, [ownerWord, ecc]];
}
