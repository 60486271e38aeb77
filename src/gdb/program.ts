/** The program in external flash: where it begins. */

import type { Image } from "../image/image.js";
import { bytesToValue } from "../rsp/text.js";
import { ProgramError } from "./errors.js";
import { hex } from "./flash-buffer.js";
import { contains, type Layout } from "./layout.js";
import type { Probe } from "./probe.js";

/** RM0433: 8.7.38 (RCC_AHB3ENR), 23.5 (QUADSPI). PM0253, 4.3.4 (VTOR). */
const RCC_AHB3ENR = 0x5802_44d4;
const QSPIEN = 1 << 14;
const QUADSPI_CR = 0x5200_5000;
const EN = 1 << 0;
const QUADSPI_CCR = 0x5200_5014;
const FMODE = 3 << 26;
const VTOR = 0xe000_ed08;
/** docs/protocol.md section 8. */
const VECTOR_ALIGNMENT = 1024;

export interface Program {
  /** Of its vector table. */
  readonly address: number;
  /** Of its first instruction, without the Thumb bit. */
  readonly entry: number;
}

/** @throws ProgramError when nothing in the image can be started */
export function programOf(image: Image, layout: Layout): Program {
  const [first] = image.segments;
  if (first === undefined) throw new ProgramError("there is nothing to load");
  const program = programAt(first.address, first.bytes.subarray(4, 8), layout);
  if (program !== undefined) return program;
  throw new ProgramError(
    `no program begins at ${hex(first.address)}: expected a vector table there, at a multiple of ${VECTOR_ALIGNMENT} from ` +
      `${hex(layout.application.address)} on, with a reset vector into the application region. ` +
      'For data use "imflasher flash --no-boot"',
  );
}

/** True when external flash shows in its window. Without that, reading there may hang the bus. @throws ProbeError */
export async function isMapped(probe: Probe): Promise<boolean> {
  if (((await probe.readWord(RCC_AHB3ENR)) & QSPIEN) === 0) return false;
  if (((await probe.readWord(QUADSPI_CR)) & EN) === 0) return false;
  return ((await probe.readWord(QUADSPI_CCR)) & FMODE) === FMODE;
}

/** What runs, or would run, as the core shows it; undefined when external flash is not mapped. @throws ProbeError */
export async function mappedProgram(probe: Probe, layout: Layout): Promise<Program | undefined> {
  if (!(await isMapped(probe))) return undefined;
  const table = await probe.readWord(VTOR);
  if (!contains(layout.application, table, 8)) return undefined;
  const vector = await probe.readWord(table + 4);
  return programAt(
    table,
    Uint8Array.of(0, 8, 16, 24).map((shift) => vector >>> shift),
    layout,
  );
}

function programAt(address: number, vector: Uint8Array, { application }: Layout): Program | undefined {
  const reset = vector.length === 4 ? bytesToValue(vector) : 0;
  const plausible =
    address % VECTOR_ALIGNMENT === 0 &&
    contains(application, address, 8) &&
    reset % 2 === 1 &&
    contains(application, reset);
  return plausible ? { address, entry: reset - 1 } : undefined;
}
