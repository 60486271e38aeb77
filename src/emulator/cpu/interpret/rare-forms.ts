/** Instructions of the DSP extension and of the floating-point unit that are operations beside the interpreter's loop. */

import type { Execute } from "../decode/insn.js";
import { Operand } from "../decode/operand.js";
import * as bits from "../execute/ops-bits.js";
import * as float from "../execute/ops-float.js";
import * as convert from "../execute/ops-float-convert.js";
import * as transfer from "../execute/ops-float-transfer.js";
import * as multiply from "../execute/ops-multiply.js";
import { type Form, kinds } from "./forms.js";
import { Field } from "./layout.js";
import type { State } from "./record-emit.js";

export interface RareForms<Key> {
  readonly key: Key;
  readonly forms: readonly Form[];
  /** Words of the core's state that the emitter has as locals. */
  readonly state: readonly State[];
}

/** Forms for all values of these bits of the opcode. */
function opcodes(mask: number, ...forms: readonly Form[]): Form[] {
  const lowest = mask & -mask;
  const others = mask & (mask - 1);
  const values = others === 0 ? [0] : opcodes(others, {}).map(({ opcode }) => opcode?.[1] ?? 0);
  return values
    .flatMap((value) => [value, value | lowest])
    .flatMap((value) => forms.map((form): Form => ({ ...form, opcode: [mask, value] })));
}

const RA: Form = { fields: { a: Field.a } };
/** Without and with Ra. */
const NO_RA_OR_RA: readonly Form[] = [{ equal: { a: 15 } }, RA];
/** The halves of Rn and Rm; that of Rm, or whether they are exchanged, or rounded. */
const HALVES = 0x30;
const HALF = 0x10;
const KIND = 0x70;
const KIND_AND_SUB8 = 0x400070;
/** Opcode bits 6:4 that are allocated. */
const isAllocated = ({ opcode = [0, 0] }: Form): boolean => ((opcode[1] >>> 4) & 3) !== 3;
const parallel = (mask: number): Form[] => opcodes(mask, {}).filter(isAllocated);

const dsp = (key: Execute, forms: readonly Form[], ...state: readonly State[]): RareForms<Execute> => ({
  key,
  forms,
  state,
});
const [add8, add16, asx, , , sub16, sax] = bits.PARALLEL as readonly Execute[];
const SHIFTED_LESS: readonly Form[] = [Operand.register, Operand.lsl, Operand.asr].map(
  (kind): Form => ({ equal: { kind }, when: ({ a }) => a < 32 }),
);

export const DSP: readonly RareForms<Execute>[] = [
  dsp(multiply.smlaxy, opcodes(HALVES, ...NO_RA_OR_RA), "q"),
  dsp(multiply.smlaw, opcodes(HALF, ...NO_RA_OR_RA), "q"),
  dsp(multiply.smlad, opcodes(HALF, ...NO_RA_OR_RA), "q"),
  dsp(multiply.smlsd, opcodes(HALF, ...NO_RA_OR_RA), "q"),
  dsp(multiply.smlald, opcodes(HALF, RA)),
  dsp(multiply.smlsld, opcodes(HALF, RA)),
  dsp(multiply.smlalxy, opcodes(HALVES, RA)),
  dsp(multiply.smmla, opcodes(HALF, ...NO_RA_OR_RA)),
  dsp(multiply.smmls, opcodes(HALF, ...NO_RA_OR_RA)),
  dsp(multiply.umaal, [RA]),
  dsp(multiply.usada8, NO_RA_OR_RA),
  dsp(bits.ssat, SHIFTED_LESS, "q"),
  dsp(bits.usat, SHIFTED_LESS, "q"),
  dsp(bits.ssat16, [{}], "q"),
  dsp(bits.usat16, [{}], "q"),
  dsp(bits.qarith, opcodes(HALVES, {}), "q"),
  dsp(bits.sel, [{}], "ge"),
  dsp(add8 as Execute, parallel(KIND_AND_SUB8), "ge"),
  ...[add16, asx, sub16, sax].map((key) => dsp(key as Execute, parallel(KIND), "ge")),
];

/** Single and double precision. */
const BOTH = kinds(0, 1);
/** By `Insn.a`: what is signed, or how many words are moved. */
const byA = (forms: readonly Form[], ...values: readonly number[]): Form[] =>
  forms.flatMap((form) => values.map((a) => ({ ...form, equal: { ...form.equal, a } })));
/** VCMP's `a`: bit 0 with zero, bit 1 makes no difference to what is executed here. */
const COMPARISONS = [0, 1].flatMap((a) =>
  BOTH.map((form): Form => ({ ...form, fields: { a }, when: (insn) => (insn.a & 1) === a })),
);

const unit = (
  key: float.FloatOperation,
  forms: readonly Form[],
  ...state: readonly State[]
): RareForms<float.FloatOperation> => ({ key, forms, state: ["float", ...state] });

const ARITHMETIC = [
  ...[float.vadd, float.vsub, float.vmul, float.vnmul, float.vdiv, float.vsqrt],
  ...[float.vmla, float.vmls, float.vnmla, float.vnmls, float.vfma, float.vfms, float.vfnma, float.vfnms],
  ...[float.vmov, float.vneg, float.vabs, float.vmaxnm, float.vminnm],
  ...[convert.vrintr, convert.vrintx, convert.vrintz, ...convert.VRINT, convert.vcvtPrecision],
];

export const FLOAT: readonly RareForms<float.FloatOperation>[] = [
  ...ARITHMETIC.map((key) => unit(key, BOTH)),
  ...[convert.vcvtr, convert.vcvtz, ...convert.VCVT, convert.vcvtFromInteger].map((key) =>
    unit(key, byA(BOTH, 0, 1)),
  ),
  unit(float.vcmp, COMPARISONS, "order"),
  unit(transfer.vldr, byA([{ equal: { n: 15 } }, {}], 1, 2), "reads"),
  unit(transfer.vstr, byA([{}], 1, 2), "writes"),
  ...[transfer.vmovToFloat, transfer.vmovToCore, transfer.vmovPairToFloat, transfer.vmovPairToCore].map(
    (key) => unit(key, [{}]),
  ),
];
