/** Items about state that an exception takes along or ends: IT blocks, the exclusive monitor, VTOR. */
import type { Random } from "../random.js";
import { DATA, type Item, item, log, VECTORS } from "./case.js";
import { type Make, SCS, store } from "./exceptions.js";
import { DSB, ISB, it, ldr, ldrex, mov32, movImm8, NOP, sdiv, str, strex, svc } from "./thumb.js";

/** Masks of IT for 1 to 4 instructions; `else` bits drawn, the first is always THEN. */
function mask(random: Random, condition: number, length: number): number {
  const low = condition & 1;
  const others = Array.from({ length: length - 1 }, () => low ^ random.below(2));
  return [...others, 1].reduce((bits, bit, n) => bits | (bit << (3 - n)), 0);
}

/** An IT block of 4 with `code`, one halfword or two, in its middle, which may raise an exception. */
function block(random: Random, name: string, tag: number, before: number[], code: number[]): Item {
  const condition = random.below(14);
  const at = random.below(4);
  const slots = Array.from({ length: 4 }, (_, n) => (n === at ? code : [movImm8(1 + n, random.below(256))]));
  // The harness knows an SVC that became a HardFault by the NOP behind it.
  if (name === "SVC") slots[at + 1] = [NOP];
  const start = [1, 2, 3, 4].map((n) => movImm8(n, 0));
  return item(
    `IT ${condition} with ${name} as ${at}`,
    before,
    start.filter((_, n) => before.length === 0 || n !== 1),
    it(condition, mask(random, condition, 4)),
    slots.flat(),
    log(tag, 4),
  );
}

/** An interrupt is pended in the block, and taken in it: a store, its barriers, one more instruction. */
function pends(random: Random, tag: number): Item {
  const condition = random.below(14);
  const same = condition & 1;
  const all = (same << 3) | (same << 2) | (same << 1) | 1;
  return item(
    `IT ${condition} that pends`,
    [...mov32(6, SCS.ICSR), ...mov32(7, 1 << 28), movImm8(1, 0)],
    [it(condition, all), str(7, 6), ...DSB, ...ISB, movImm8(1, 1)],
    log(tag, 1),
  );
}

const NOTHING = 0x48000000;

export const BLOCK_ITEMS: readonly Make[] = [
  (random, tag) => block(random, "SVC", tag, [], [svc(1)]),
  // QEMU forgets what was written to the quotient's register before.
  (random, tag) => block(random, "SDIV by 0", tag, movImm(2, 0), sdiv(12, 7, 2)),
  (random, tag) => block(random, "LDR of nothing", tag, mov32(2, NOTHING), [ldr(3, 2)]),
  (random, tag) => block(random, "LDR", tag, mov32(2, DATA), [ldr(3, 2)]),
  pends,
  (random, tag) => {
    const between = random.pick([[NOP], [svc(2), NOP], [...DSB]]);
    const code = [...mov32(2, DATA + random.below(0x400) * 4), ...ldrex(1, 2), ...between];
    return item("LDREX, STREX", code, strex(3, 7, 2), ldr(1, 2), log(tag, 3));
  },
];

const movImm = (d: number, value: number): number[] => [movImm8(d, value)];

/** IRQ 16 and 17 have vectors that cannot be read while VTOR is there. */
export const VECTOR_ITEMS: readonly Make[] = [
  () => store("VTOR", SCS.VTOR, VECTORS),
  () => store("VTOR", SCS.VTOR, VECTORS),
  () => store("VTOR", SCS.VTOR, 0),
  (random) => store("ISER0", SCS.ISER, 0x30000 | random.below(256)),
  (random) => store("ISPR0", SCS.ISPR, (1 + random.below(3)) << 16),
  (random) => store("STIR", SCS.STIR, 16 + random.below(2)),
];
