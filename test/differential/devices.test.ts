/**
 * Loops over devices that do what devices may do in the midst of an access, and over the core's counters, on all engines: each
 * access happens in the same instant, with the same effect.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type AccessSize, BusFault, BusStall, type MemoryDevice } from "../../src/emulator/bus.js";
import { Exception } from "../../src/emulator/cpu/exceptions/faults.js";
import { DATA_BASE, type Load, Machine } from "./machines.js";
import { Random } from "./random.js";
import { BODY, compareAtStops, interruptions, loop } from "./stops.js";

/** For long runs by hand: `DEVICES_SEED=1000 DEVICES_PROGRAMS=500 node dist/test/differential/devices.test.js`. */
const FIRST_SEED = Number(process.env["DEVICES_SEED"] ?? 7_000);
const PROGRAMS = Number(process.env["DEVICES_PROGRAMS"] ?? 24);
const STOPS = { count: 30, longest: 3000 };
const DEVICE = 0x40000000;
const LENDER = 0x40010000;
const SCRATCH = DATA_BASE + 0x2000;
const DWT = 0xe0001000;
const SCS = 0xe000e000;
const DEMCR = 0xe000edfc;
const CLOCKS = [64e6, 100e6, 100e6, 240e6];
const PAGE = 0x1000;

/** What an instruction writes to registers behind a reset is UNKNOWN: where stores reset, none writes its base. */
const mayReset = (seed: number): boolean => seed % 2 === 0;

/** Acts up as time and what was accessed before decide: the same on all engines if the accesses are the same. */
class Moody {
  readonly #machine: Machine;
  readonly #harmless: boolean;
  readonly #resets: boolean;
  #hash: number;
  #waits = false;
  accesses = 0;
  /** What was accessed when. */
  history = 0;

  constructor(machine: Machine, seed: number) {
    this.#machine = machine;
    this.#hash = seed;
    this.#harmless = seed % 4 === 0;
    this.#resets = mayReset(seed);
  }

  read(offset: number, size: AccessSize): number {
    this.#access(offset * 4 + size, false);
    return this.#hash >>> (32 - size * 8);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.#access(offset * 4 + size + value * 64, true);
  }

  #access(what: number, store: boolean): void {
    const { timeline } = this.#machine;
    this.#hash = Math.imul(this.#hash ^ what ^ Math.round(timeline.now * 16), 0x9e3779b1);
    this.#hash ^= this.#hash >>> 15;
    this.accesses++;
    this.history = Math.imul(this.history, 31) ^ this.#hash;
    if (this.#harmless) return;
    const amount = (this.#hash >>> 16) & 0xff;
    this.#act((this.#hash >>> 8) & 0x3f, amount);
    if (store && this.#resets && amount > 252) this.#machine.cpu.reset(0);
  }

  #act(mood: number, amount: number): void {
    const { cpu, timeline } = this.#machine;
    const { exceptions } = cpu;
    if (mood === 0) throw new BusFault("moody", 0);
    if (mood === 1 && !this.#waits && timeline.retries) {
      this.#waits = true;
      throw new BusStall(timeline.now + amount * timeline.nsPerCycle);
    }
    this.#waits = false;
    if (mood === 2) exceptions.setPending(Exception.sysTick, true);
    else if (mood < 6)
      timeline.after(amount * timeline.nsPerCycle, () => exceptions.setPending(Exception.sysTick, true));
    else if (mood === 6) cpu.setClockHz(CLOCKS[amount & 3] as number);
    else if (mood === 7 && amount < 24) cpu.bus.poke(BODY + 2, Uint8Array.of(amount));
    else if (mood === 8) timeline.stopSoon();
  }
}

/** Lends its bytes, until a write to it takes them away or gives them back. */
class Lender implements MemoryDevice {
  readonly #bytes: Uint8Array;
  #lends = true;

  constructor({ cpu }: Machine) {
    this.#bytes = cpu.bus.memory.allocate(PAGE);
  }

  get readable(): Uint8Array | undefined {
    return this.#lends ? this.#bytes : undefined;
  }

  get writable(): undefined {
    return undefined;
  }

  read(offset: number): number {
    return (this.#bytes[offset] as number) ^ 0x55;
  }

  write(offset: number, _size: AccessSize, value: number): void {
    this.#bytes[offset] = value;
    this.#lends = (value & 8) === 0;
  }
}

/** Registers that hold addresses, and what they point to: offsets that are accessed. */
const BASES: readonly (readonly [
  register: number,
  base: number,
  loads: readonly number[],
  stores: readonly number[],
])[] = [
  [6, DEVICE, [0, 4, 8, 64], [0, 4, 8]],
  [7, LENDER, [0, 4], [0]],
  [8, SCRATCH, [0, 4, 5, 7], [0, 4, 6]],
  [9, DWT, [4, 4, 4, 0], [4, 0]],
  [10, SCS, [0x18, 0x18, 0x18, 0x10, 0x10, 0x10, 0x14, 0xd04, 0x100], [0x18, 0x14, 0x10, 0xd04]],
];
/** LDR, LDRH, LDRB, LDRSH, LDRSB; STR, STRH, STRB, with 12 bits of offset. */
const LOADS = [0xf8d0, 0xf8d0, 0xf8d0, 0xf8b0, 0xf890, 0xf9b0, 0xf990];
const STORES = [0xf8c0, 0xf8c0, 0xf8a0, 0xf880];

/** One access: Rt is r0 to r3. */
function access(random: Random, seed: number): number[] {
  const [base, , loads, stores] = random.pick(BASES);
  const register = random.below(4);
  const store = random.chance(25);
  const offset = random.pick(store ? stores : loads);
  const operation = random.pick(store ? STORES : LOADS);
  const kind = random.below(12);
  // The last three forms are those with 8 bits of offset, whose base is written: r4, made from the base before.
  if (kind === 0 && !(store && mayReset(seed))) {
    const written = (operation & ~0x80) | 4;
    const add = [0xf100 | base, 0x0400];
    return [...add, written, (register << 12) | random.pick([0xb04, 0xf04, 0x904])];
  }
  // LDRD, LDM
  if (kind === 1 && base < 9 && !store) return [0xe9d0 | base, (register << 12) | 0x0500];
  if (kind === 2 && base < 9 && !store) return [0xe890 | base, random.pick([0x0007, 0x000f, 0x0021])];
  // LDR Rt, [Rn, Rm], with r5 = the offset
  if (kind === 3) return [0xf240, 0x0500 | (offset & 0xff), (operation & ~0x80) | base, (register << 12) | 5];
  return [operation | base, (register << 12) | offset];
}

/** EORS, ADDS, ADCS: r0 to r3 depend on what was read. */
function mix(random: Random): number[] {
  const [d, n, m] = [random.below(4), random.below(4), random.below(4)];
  return [random.pick([0x4040 | (n << 3) | d, 0x1800 | (m << 6) | (n << 3) | d, 0x4140 | (n << 3) | d])];
}

/** So many times around: MOVS r12; body; SUBS r12; BNE */
function around(random: Random, body: readonly number[]): number[] {
  const back = -(body.length * 2 + 8) / 2;
  return [0xf04f, 0x0c00 | (1 + random.below(40)), ...body, 0xf1bc, 0x0c01, 0xd100 | (back & 0xff)];
}

function item(random: Random, seed: number): number[] {
  const kind = random.below(10);
  if (kind < 5) return access(random, seed);
  if (kind < 7) return mix(random);
  // IT with one instruction: an access without what makes its address.
  if (kind === 7) {
    const [base, , loads] = random.pick(BASES);
    const load = [random.pick(LOADS) | base, (random.below(4) << 12) | random.pick(loads)];
    return [0xbf08 | (random.below(14) << 4), ...load];
  }
  return around(
    random,
    Array.from({ length: 1 + random.below(4) }, () => [...access(random, seed), ...mix(random)]).flat(),
  );
}

function program(random: Random, seed: number): Load[] {
  const code = Array.from({ length: 12 }, () => item(random, seed)).flat();
  const state = new Int32Array(45);
  for (let n = 0; n < 4; n++) state[n] = random.bits32();
  for (const [register, base] of BASES) state[register] = base;
  state[4] = SCRATCH;
  // The first instruction may be changed under the loop: MOVS r12, #n
  return loop([0xf04f, 0x0c00, ...code], state, 50 + random.below(3000));
}

function machineOf(
  loads: readonly Load[],
  seed: number,
  ...rest: readonly ["reference" | "interpreter"] | readonly ["translation", number]
) {
  const machine = new Machine(loads, rest[0], rest[1]);
  const moody = new Moody(machine, seed);
  const { bus } = machine.cpu;
  bus.map(DEVICE, PAGE, moody, "moody");
  bus.map(LENDER, PAGE, new Lender(machine), "lender");
  if (seed % 3 !== 0) {
    bus.write(DEMCR, 4, 1 << 24);
    bus.write(DWT, 4, 1);
  }
  return { machine, moody };
}

test("what devices do in the midst of accesses, they do in the same instant on all engines", () => {
  let inside = 0;
  let faults = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + PROGRAMS; seed++) {
    const random = new Random(seed);
    const loads = program(random, seed);
    const reference = machineOf(loads, seed, "reference");
    const interpreted = machineOf(loads, seed, "interpreter");
    const ours = machineOf(loads, seed, "translation", random.pick([1, 3, 20]));
    compareAtStops([reference.machine, interpreted.machine, ours.machine], random, STOPS, `seed ${seed}`);
    for (const { moody } of [interpreted, ours]) {
      assert.equal(moody.history, reference.moody.history, `seed ${seed}: accesses`);
      assert.equal(moody.accesses, reference.moody.accesses, `seed ${seed}: number of accesses`);
    }
    inside += ours.machine.cpu.translator?.cycles ?? 0;
    faults += interruptions(ours.machine).faults;
  }
  assert.ok(inside > PROGRAMS * 1000, `${inside} cycles in translated code`);
  assert.ok(faults > PROGRAMS, `${faults} faults`);
});
