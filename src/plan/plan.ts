/**
 * The cheapest way from what a flash chip holds to what it shall hold. Pure: no clock, no board.
 *
 * Cost is the chip's typical times: erases, plus a program time for every page that must then be written and is
 * not blank. Within each largest erase unit the choice between one large erase and several smaller ones is made
 * exactly, from the sectors upwards. A larger unit is erased only where the content of all its sectors is known:
 * covered by the image, or blank outside it. Of sectors that hold something else besides, one at most is erased at
 * once: the board has room to save one. A chip erase is never planned: the chip also holds the bootloader's own region, its
 * journal with it, and no sheet promises more of it than of all blocks one after the other (W25Q128JV: 40 s, 256 x 0.15 s).
 */

import { hullRanges } from "./ranges.js";
import { type AddressRange, type Chip, isBlank, PlanError, sectorSize } from "./sectors.js";

export interface PlannedSector {
  /** A multiple of the smallest erase size. */
  readonly address: number;
  /** What it shall hold: as many bytes as the smallest erase size. */
  readonly content: Uint8Array;
  /** What it holds now: the content, nothing, the content with bits still to clear, or something else. */
  readonly held: "equal" | "blank" | "clearable" | "different";
  /** For "clearable": offsets of the pages that are not right yet. */
  readonly stale?: ReadonlySet<number>;
  /** What the job is not about, in a sector that it covers in part or not at all; undefined: nothing. */
  readonly others?: "blank" | "content";
}

/** What an erase unit holds that the job is not about: to be put back if the erase is cut off. */
export interface Keep {
  /** Addresses of sectors whose other bytes are blank: blank is what they become. */
  readonly blank: readonly number[];
  /** The sector whose content must be saved before the erase. */
  readonly content: number | undefined;
}

/** Sectors that one Keep can speak of: docs/protocol.md section 5.9. */
const KEEP_SECTORS = 16;

export type Step =
  | { readonly kind: "erase"; readonly address: number; readonly length: number; readonly keep?: Keep }
  | { readonly kind: "program"; readonly address: number; readonly bytes: Uint8Array };

export interface Plan {
  /** In order: unit after unit, each erased and then programmed, so that data travels while the chip erases. */
  readonly steps: readonly Step[];
  /** For BEGIN: they contain every step. Empty when nothing is to be done. */
  readonly ranges: readonly AddressRange[];
  /** Typical time on the chip. */
  readonly microseconds: number;
  readonly erasedBytes: number;
  readonly programmedBytes: number;
}

export interface PlanLimits {
  /** Bytes of one program step. */
  readonly maxWrite: number;
  readonly maxRanges: number;
}

/**
 * @param sectors ascending: all of the image's, and others that are known to be blank (content 0xFF, held "equal").
 * @throws PlanError when the chip's erase sizes cannot be used.
 */
export function makePlan(sectors: readonly PlannedSector[], chip: Chip, limits: PlanLimits): Plan {
  const planner = new Planner(sectors, chip, limits.maxWrite);
  const unit = chip.eraseSizes.at(-1)?.size ?? sectorSize(chip);
  const units = new Set(sectors.map(({ address }) => address - (address % unit)));
  const parts = Array.from(units, (address) => planner.cheapest(address, chip.eraseSizes.length - 1));
  const steps = parts.flatMap(({ steps }) => steps);
  return {
    steps,
    ranges: hullRanges(stepSectors(steps, sectorSize(chip)), chip, limits.maxRanges),
    microseconds: parts.reduce((sum, { cost }) => sum + cost, 0),
    erasedBytes: steps.reduce((sum, step) => sum + (step.kind === "erase" ? step.length : 0), 0),
    programmedBytes: steps.reduce((sum, step) => sum + (step.kind === "program" ? step.bytes.length : 0), 0),
  };
}

interface Part {
  /** Microseconds. */
  readonly cost: number;
  readonly steps: readonly Step[];
}

const NOTHING: Part = { cost: 0, steps: [] };

class Planner {
  readonly #sectors: ReadonlyMap<number, PlannedSector>;
  readonly #chip: Chip;
  readonly #maxWrite: number;
  /** Each sector is weighed once for every erase size. */
  readonly #programmed = new Map<PlannedSector, Part>();

  constructor(sectors: readonly PlannedSector[], chip: Chip, maxWrite: number) {
    this.#sectors = new Map(sectors.map((sector) => [sector.address, sector]));
    this.#chip = chip;
    this.#maxWrite = maxWrite;
    chip.eraseSizes.forEach(({ size }, level) => {
      const smaller = level === 0 ? chip.page : this.#size(level - 1);
      if (size % smaller !== 0 || (level > 0 && size === smaller)) {
        throw new PlanError(`the chip's erase size ${size} does not build on ${smaller}`);
      }
    });
  }

  /** @param level index of the erase size. */
  cheapest(address: number, level: number): Part {
    if (level === 0) return this.#sector(address);
    const smaller = this.#size(level - 1);
    const children = addresses(address, this.#size(level), smaller);
    const split = sum(children.map((child) => this.cheapest(child, level - 1)));
    const erases = split.steps.some(({ kind }) => kind === "erase");
    const whole = erases ? this.#whole(address, level) : undefined;
    return whole !== undefined && whole.cost < split.cost ? whole : split;
  }

  #sector(address: number): Part {
    const sector = this.#sectors.get(address);
    if (sector === undefined || sector.held === "equal") return NOTHING;
    if (sector.held === "clearable") return this.#findPrograms(sector, sector.stale);
    const programs = this.#programs(sector);
    return sector.held === "blank" ? programs : sum([this.#erase(address, 0, [sector]), programs]);
  }

  /** One erase of the whole unit; undefined when a sector of it is not known. */
  #whole(address: number, level: number): Part | undefined {
    const unit: PlannedSector[] = [];
    for (const child of addresses(address, this.#size(level), this.#size(0))) {
      const sector = this.#sectors.get(child);
      if (sector === undefined) return undefined;
      unit.push(sector);
    }
    const shared = unit.filter(({ others }) => others !== undefined);
    const tooMuch = shared.filter(({ others }) => others === "content").length > 1;
    if (tooMuch || (shared.length > 0 && unit.length > KEEP_SECTORS)) return undefined;
    return sum([this.#erase(address, level, unit), ...unit.map((sector) => this.#programs(sector))]);
  }

  #erase(address: number, level: number, unit: readonly PlannedSector[]): Part {
    const length = this.#size(level);
    const cost = this.#chip.eraseSizes[level]?.typicalUs ?? 0;
    const shared = unit.filter(({ others }) => others !== undefined);
    if (shared.length === 0) return { cost, steps: [{ kind: "erase", address, length }] };
    const blank = shared.filter(({ others }) => others === "blank").map((sector) => sector.address);
    const content = shared.find(({ others }) => others === "content")?.address;
    const step: Step = { kind: "erase", address, length, keep: { blank, content } };
    return { cost: cost + this.#keepCost(content !== undefined), steps: [step] };
  }

  /** A record in the journal; a copy of a sector is erased and programmed. */
  #keepCost(copied: boolean): number {
    const { page, programTypicalUs, eraseSizes } = this.#chip;
    const pages = copied ? Math.ceil(this.#size(0) / page) : 0;
    return (1 + pages) * programTypicalUs + (copied ? (eraseSizes[0]?.typicalUs ?? 0) : 0);
  }

  #programs(sector: PlannedSector): Part {
    const known = this.#programmed.get(sector);
    const part = known ?? this.#findPrograms(sector);
    this.#programmed.set(sector, part);
    return part;
  }

  /** Runs of pages that are not blank. @param stale only these; default: all. */
  #findPrograms({ address, content }: PlannedSector, stale?: ReadonlySet<number>): Part {
    const { page, programTypicalUs } = this.#chip;
    const steps: Step[] = [];
    let pages = 0;
    let start: number | undefined;
    const finish = (end: number) => {
      if (start === undefined) return;
      steps.push({ kind: "program", address: address + start, bytes: content.subarray(start, end) });
      start = undefined;
    };
    for (let at = 0; at < content.length; at += page) {
      const skip = stale?.has(at) === false || isBlank(content.subarray(at, at + page));
      if (skip || at - (start ?? at) >= this.#maxWrite) finish(at);
      if (skip) continue;
      start ??= at;
      pages++;
    }
    finish(content.length);
    return { cost: pages * programTypicalUs, steps };
  }

  #size(level: number): number {
    return this.#chip.eraseSizes[level]?.size ?? 0;
  }
}

function sum(parts: readonly Part[]): Part {
  return {
    cost: parts.reduce((total, { cost }) => total + cost, 0),
    steps: parts.flatMap(({ steps }) => steps),
  };
}

function addresses(start: number, length: number, step: number): number[] {
  return Array.from({ length: length / step }, (_, i) => start + i * step);
}

function stepSectors(steps: readonly Step[], size: number): number[] {
  const touched = new Set<number>();
  for (const step of steps) {
    const length = step.kind === "erase" ? step.length : step.bytes.length;
    for (let at = step.address - (step.address % size); at < step.address + length; at += size)
      touched.add(at);
  }
  return Array.from(touched).sort((a, b) => a - b);
}
