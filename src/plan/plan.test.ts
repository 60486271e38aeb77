import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makePlan, type Plan, type PlannedSector } from "./plan.js";
import { type Chip, endOf, PlanError } from "./sectors.js";

const LIMITS = { maxWrite: 4096, maxRanges: 8 };

const W25Q: Chip = {
  base: 0x90000000,
  size: 0x1000000,
  page: 256,
  programTypicalUs: 400,
  eraseSizes: [
    { size: 0x1000, typicalUs: 45000 },
    { size: 0x8000, typicalUs: 120000 },
    { size: 0x10000, typicalUs: 150000 },
  ],
  reserved: [],
};

/** A chip so small that all plans can be tried: pages of 4 bytes, sectors of 8. */
function smallChip(times: readonly [number, number, number], program: number): Chip {
  return {
    base: 0,
    size: 256,
    page: 4,
    programTypicalUs: program,
    eraseSizes: [8, 16, 64].map((size, i) => ({ size, typicalUs: times[i] ?? 0 })),
    reserved: [],
  };
}

test("a sector with bits still to clear costs its stale pages, unless its block is erased anyway", () => {
  const content = new Uint8Array(0x1000).fill(0x11);
  const stale = new Set([0x100, 0x200, 0xf00]);
  const one: PlannedSector = { address: W25Q.base, content, held: "clearable", stale };
  const plan = makePlan([one], W25Q, LIMITS);
  assert.deepEqual(
    plan.steps.map((step) => [
      step.kind,
      step.address - W25Q.base,
      step.kind === "program" && step.bytes.length,
    ]),
    [
      ["program", 0x100, 0x200],
      ["program", 0xf00, 0x100],
    ],
  );
  assert.equal(plan.microseconds, 3 * 400);
  const others = Array.from({ length: 15 }, (_, i): PlannedSector => {
    return { address: W25Q.base + (i + 1) * 0x1000, content, held: "different" };
  });
  const whole = makePlan([one, ...others], W25Q, LIMITS);
  assert.equal(whole.erasedBytes, 0x10000);
  assert.equal(whole.programmedBytes, 0x10000);
});

const BLANK = 0xff;
const sectorKind = fc.constantFrom("equal", "blank", "clearable", "different", "unknown", "blank neighbour");
const pages = fc.tuple(fc.constantFrom(BLANK, 0x11), fc.constantFrom(BLANK, 0x22));
/** Of a clearable sector: which pages still have bits to clear. */
const stale = fc.tuple(fc.boolean(), fc.boolean());
/** Mostly nobody else's bytes: with them, what may be erased at once is soon little. */
const others = fc.constantFrom(undefined, undefined, undefined, "blank" as const, "content" as const);
const layout = fc.array(fc.record({ kind: sectorKind, pages, stale, others }), {
  minLength: 1,
  maxLength: 16,
});
const times = fc.tuple(
  fc.integer({ min: 1, max: 100 }),
  fc.integer({ min: 1, max: 200 }),
  fc.integer({ min: 1, max: 300 }),
);
type Layout = readonly {
  kind: string;
  pages: readonly [number, number];
  stale: readonly [boolean, boolean];
  others: PlannedSector["others"];
}[];

function planned(made: Layout): PlannedSector[] {
  return made.flatMap(({ kind, pages: [first, second], stale, others }, i) => {
    const content = Uint8Array.from([0, 0, 0, 0, 1, 1, 1, 1], (page) => (page === 0 ? first : second));
    const address = i * 8;
    if (kind === "unknown") return [];
    if (kind === "blank neighbour")
      return [{ address, content: new Uint8Array(8).fill(BLANK), held: "equal", others: "blank" }];
    const held = kind as PlannedSector["held"];
    const beside = others === undefined ? {} : { others };
    const left = held === "clearable" ? { stale: new Set([0, 4].filter((_, page) => stale[page])) } : {};
    return [{ address, content, held, ...left, ...beside }];
  });
}

/** The cheapest cost of a unit by trying every set of erases below it. */
function exhaustive(sectors: readonly PlannedSector[], chip: Chip): number {
  const known = new Map(sectors.map((sector) => [sector.address, sector]));
  const programs = (sector: PlannedSector, only?: ReadonlySet<number>) =>
    [0, 4]
      .filter((at) => only?.has(at) ?? true)
      .filter((at) => sector.content.subarray(at, at + 4).some((byte) => byte !== BLANK)).length *
    chip.programTypicalUs;
  /** What it costs to save what others have in the sectors of one erase. */
  const keeping = (unit: readonly (PlannedSector | undefined)[]) => {
    const shared = unit.filter((sector) => sector?.others !== undefined);
    const contents = shared.filter((sector) => sector?.others === "content").length;
    if (contents > 1) return Number.POSITIVE_INFINITY;
    const copy = contents * (2 * chip.programTypicalUs + (chip.eraseSizes[0]?.typicalUs ?? 0));
    return shared.length === 0 ? 0 : chip.programTypicalUs + copy;
  };
  const units = chip.eraseSizes.flatMap(({ size, typicalUs }) =>
    Array.from({ length: 64 / size }, (_, i) => ({ start: i * size, end: (i + 1) * size, typicalUs })),
  );
  const best = (base: number, at: number): number => {
    if (at >= 64) return 0;
    const sector = known.get(base + at);
    let cheapest = Number.POSITIVE_INFINITY;
    if (sector?.held !== "different") {
      const cleared = sector?.held === "clearable" ? programs(sector, sector.stale) : 0;
      cheapest = (sector?.held === "blank" ? programs(sector) : cleared) + best(base, at + 8);
    }
    for (const { start, end, typicalUs } of units.filter((unit) => unit.start === at)) {
      const inside = addresses(base + start, base + end).map((address) => known.get(address));
      let cost = typicalUs + keeping(inside);
      for (const child of inside) cost += child === undefined ? Number.POSITIVE_INFINITY : programs(child);
      cheapest = Math.min(cheapest, cost + best(base, end));
    }
    return cheapest;
  };
  return [0, 64, 128, 192].reduce((sum, base) => sum + best(base, 0), 0);
}

/** Runs a plan on flash in memory that starts with what the sectors say it holds. */
function run(plan: Plan, made: Layout): { memory: Uint8Array; before: Uint8Array } {
  const memory = new Uint8Array(256).fill(0x5a);
  for (const { address, content, held, stale } of planned(made)) {
    if (held === "equal") memory.set(content, address);
    if (held === "blank") memory.fill(BLANK, address, address + 8);
    if (held === "clearable") {
      memory.set(content, address);
      for (const at of stale ?? []) memory.fill(BLANK, address + at, address + at + 4);
    }
  }
  const before = memory.slice();
  for (const step of plan.steps) {
    if (step.kind === "erase") memory.fill(BLANK, step.address, step.address + step.length);
    else {
      for (const [i, byte] of step.bytes.entries()) {
        memory[step.address + i] = (memory[step.address + i] ?? 0) & byte;
      }
    }
  }
  return { memory, before };
}

test("a plan leaves every known sector as it shall be and every other as it was", () => {
  fc.assert(
    fc.property(layout, times, fc.integer({ min: 1, max: 30 }), (made, erase, program) => {
      const sectors = planned(made);
      const plan = makePlan(sectors, smallChip(erase, program), { maxWrite: 8, maxRanges: 32 });
      const { memory, before } = run(plan, made);
      const expected = before.slice();
      for (const { address, content } of sectors) expected.set(content, address);
      assert.deepEqual(memory, expected);
      for (const step of plan.steps) {
        const end = step.address + (step.kind === "erase" ? step.length : step.bytes.length);
        assert.ok(plan.ranges.some((range) => range.address <= step.address && end <= endOf(range)));
      }
    }),
    { numRuns: 1000 },
  );
});

test("no other mix of erases is cheaper", () => {
  fc.assert(
    fc.property(layout, times, fc.integer({ min: 1, max: 30 }), (made, erase, program) => {
      const sectors = planned(made);
      const chip = smallChip(erase, program);
      assert.equal(
        makePlan(sectors, chip, { maxWrite: 8, maxRanges: 32 }).microseconds,
        exhaustive(sectors, chip),
      );
    }),
    { numRuns: 1000 },
  );
});

test("no plan is worse than erasing sectors only, or the largest units only", () => {
  const real = fc.array(fc.constantFrom("equal", "blank", "different"), { minLength: 1, maxLength: 48 });
  fc.assert(
    fc.property(real, (states) => {
      const sectors = states.map((held, i) => sector(0x90100000 + i * 0x1000, held as PlannedSector["held"]));
      const mixed = makePlan(sectors, W25Q, LIMITS).microseconds;
      const single = { ...W25Q, eraseSizes: W25Q.eraseSizes.slice(0, 1) };
      assert.ok(mixed <= makePlan(sectors, single, LIMITS).microseconds);
      const blocks = new Set(
        sectors.filter(({ held }) => held !== "equal").map(({ address }) => Math.floor(address / 0x10000)),
      );
      const inBlocks = sectors.filter(({ address }) => blocks.has(Math.floor(address / 0x10000)));
      if (sectors.length % 16 === 0) {
        assert.ok(mixed <= blocks.size * 150000 + inBlocks.length * 16 * 400);
      }
    }),
  );
});

function addresses(from: number, to: number): number[] {
  return Array.from({ length: (to - from) / 8 }, (_, i) => from + i * 8);
}

function sector(address: number, held: PlannedSector["held"], fill = 0x42): PlannedSector {
  return { address, content: new Uint8Array(0x1000).fill(fill), held };
}

function sectors(count: number, held: PlannedSector["held"], fill?: number): PlannedSector[] {
  return Array.from({ length: count }, (_, i) => sector(0x90100000 + i * 0x1000, held, fill));
}

function erases(plan: Plan): string[] {
  return plan.steps.flatMap((step) =>
    step.kind === "erase" ? [`${step.address.toString(16)}+${step.length.toString(16)}`] : [],
  );
}

test("a dirty MiB takes the chip's floor: 16 block erases and 4096 pages", () => {
  const plan = makePlan(sectors(256, "different"), W25Q, LIMITS);
  assert.equal(plan.microseconds, 16 * 150000 + 4096 * 400);
  assert.equal(erases(plan).length, 16);
  assert.deepEqual(plan.ranges, [{ address: 0x90100000, length: 0x100000 }]);
  const kinds = plan.steps.slice(0, 18).map(({ kind }) => kind);
  assert.deepEqual(kinds, ["erase", ...Array<string>(16).fill("program"), "erase"]);
});

test("nothing to do: no steps and no ranges", () => {
  const plan = makePlan(sectors(32, "equal"), W25Q, LIMITS);
  assert.deepEqual([plan.steps, plan.ranges, plan.microseconds], [[], [], 0]);
});

test("a blank chip is only programmed, and blank pages of the image are left out", () => {
  assert.deepEqual(erases(makePlan(sectors(16, "blank"), W25Q, LIMITS)), []);
  const content = new Uint8Array(0x1000).fill(BLANK);
  content[0x300] = 1;
  content[0x4ff] = 2;
  content[0xfff] = 3;
  const plan = makePlan([{ address: 0x90100000, content, held: "blank" }], W25Q, LIMITS);
  assert.deepEqual(
    plan.steps.map((step) => [step.kind, step.address, step.kind === "program" && step.bytes.length]),
    [
      ["program", 0x90100300, 0x200],
      ["program", 0x90100f00, 0x100],
    ],
  );
});

test("a larger unit is erased only when it pays and nothing unknown lies in it", () => {
  const mixed = sectors(16, "equal").map((one, i) => (i === 3 ? sector(one.address, "different") : one));
  assert.deepEqual(erases(makePlan(mixed, W25Q, LIMITS)), ["90103000+1000"]);
  const seven = sectors(7, "different");
  assert.equal(erases(makePlan(seven, W25Q, LIMITS)).length, 7);
  const blankNeighbour = { ...sector(0x90107000, "equal", BLANK) };
  assert.deepEqual(erases(makePlan([...seven, blankNeighbour], W25Q, LIMITS)), ["90100000+8000"]);
});

test("scattered sectors are merged to eight ranges over the smallest gaps, never across a reserved region", () => {
  const addresses = [0, 2, 10, 20, 30, 40, 50, 60, 70, 73].map((i) => 0x90100000 + i * 0x1000);
  const scattered = addresses.map((address) => sector(address, "different"));
  const plan = makePlan(scattered, W25Q, LIMITS);
  assert.equal(plan.ranges.length, 8);
  assert.deepEqual(plan.ranges[0], { address: 0x90100000, length: 0x3000 });
  assert.deepEqual(plan.ranges[7], { address: 0x90146000, length: 0x4000 });
  const walled = { ...W25Q, reserved: [{ address: 0x90101000, length: 0x1000 }] };
  const around = makePlan(scattered, walled, LIMITS).ranges;
  assert.equal(around.length, 8);
  assert.deepEqual(around[0], { address: 0x90100000, length: 0x1000 });
  assert.throws(() => makePlan(scattered.slice(0, 2), walled, { ...LIMITS, maxRanges: 1 }), PlanError);
});

test("erase sizes that do not build on each other are refused", () => {
  const odd = { ...W25Q, eraseSizes: [0x1000, 0x1800].map((size) => ({ size, typicalUs: 1 })) };
  assert.throws(
    () => makePlan(sectors(1, "different"), odd, LIMITS),
    /erase size 6144 does not build on 4096/,
  );
});
