/** What HRTIM's units are called, and what happens in them. */

/** Timers A..E are 0..4. */
export const MASTER = 5;
export const UNITS = [0, 1, 2, 3, 4] as const;
export const ALL_TIMERS = [0, 1, 2, 3, 4, MASTER] as const;

/**
 * What can happen to a timer in one period of fHRTIM. Up to bit 14 each is its flag in TIMxISR (for the master in MISR);
 * COMPARES are four in a row.
 */
export const EVENT = {
  CMP1: 1 << 0,
  CMP2: 1 << 1,
  CMP3: 1 << 2,
  CMP4: 1 << 3,
  REP: 1 << 4,
  /** The master's flag of a synchronization input. */
  SYNC: 1 << 5,
  UPD: 1 << 6,
  CPT1: 1 << 7,
  CPT2: 1 << 8,
  SET1: 1 << 9,
  RST1: 1 << 10,
  SET2: 1 << 11,
  RST2: 1 << 12,
  /** The counter was reset or rolled over. */
  RST: 1 << 13,
  DLYPRT: 1 << 14,
  /** The counter reached its period. */
  PER: 1 << 16,
  /** It was reset by software or by the synchronization input. */
  RESYNC: 1 << 17,
} as const;
export const COMPARES = 0xf;
export const FLAGS = 0x7fff;
/** TIMxISR, above the flags. */
export const STATUS = { CPPSTAT: 1 << 16, IPPSTAT: 1 << 17, O1STAT: 1 << 18, O1CPY: 1 << 20 } as const;

/** MCR and TIMxCR. */
export const CONTROL = {
  CONT: 1 << 3,
  RETRIG: 1 << 4,
  HALF: 1 << 5,
  PSHPLL: 1 << 6,
  SYNCRST: 1 << 10,
  SYNCSTRT: 1 << 11,
  TREPU: 1 << 17,
  TRSTU: 1 << 18,
  TAU: 1 << 19,
  MSTU: 1 << 24,
  PREEN: 1 << 27,
  MREPU: 1 << 29,
} as const;
/** MCR: MCEN; TACEN..TECEN follow. */
export const MCEN = 1 << 16;

/** The order of the master and timers A..E in MCR, CR1, CR2 and BMCR. */
export const bitOf = (timer: number): number => (timer === MASTER ? 0 : timer + 1);

const LETTERS = "ABCDE";
export type UnitSource = readonly [timer: number, event: number];

/** "B4": timer B's compare 4. */
const parse = (text: string): UnitSource => [
  LETTERS.indexOf(text.charAt(0)),
  1 << (Number(text.charAt(1)) - 1),
];
const table = (rows: readonly string[]): readonly (readonly UnitSource[])[] =>
  rows.map((row) => row.split(" ").map(parse));

/** TIMEVNT1..9 of timers A..E (RM0433, table "Events mapping across Timer A to E"). */
export const TIMER_EVENTS = table([
  "B1 B2 B4 C2 C3 D1 D2 E3 E4",
  "A1 A2 A4 C3 C4 D3 D4 E1 E2",
  "A2 A3 B2 B3 D2 D4 E2 E3 E4",
  "A1 A4 B2 B4 C1 C3 C4 E1 E4",
  "A3 A4 B3 B4 C1 C2 D1 D2 D4",
]);

/** Register names of a timer: `x` stands for its letter; the master's differ. */
export function registerName(timer: number, kind: RegisterKind): string {
  return timer === MASTER ? MASTER_NAMES[kind] : UNIT_NAMES[kind].replace("x", LETTERS.charAt(timer));
}

const UNIT_NAMES = {
  CR: "TIMxCR",
  ISR: "TIMxISR",
  ICR: "TIMxICR",
  DIER: "TIMxDIER",
  CNT: "CNTxR",
  PER: "PERxR",
  REP: "REPxR",
  CMP1: "CMP1xR",
  CMP1C: "CMP1CxR",
  CMP2: "CMP2xR",
  CMP3: "CMP3xR",
  CMP4: "CMP4xR",
  CPT1: "CPT1xR",
  CPT2: "CPT2xR",
  DT: "DTxR",
  SET1: "SETx1R",
  RST1: "RSTx1R",
  SET2: "SETx2R",
  RST2: "RSTx2R",
  EEF1: "EEFxR1",
  EEF2: "EEFxR2",
  RST: "RSTxR",
  CHP: "CHPxR",
  CPT1C: "CPT1xCR",
  CPT2C: "CPT2xCR",
  OUT: "OUTxR",
  FLT: "FLTxR",
} as const;
export type RegisterKind = keyof typeof UNIT_NAMES;
export const UNIT_KINDS = Object.keys(UNIT_NAMES) as RegisterKind[];

const MASTER_NAMES: Readonly<Record<RegisterKind, string>> = {
  ...UNIT_NAMES,
  CR: "MCR",
  ISR: "MISR",
  ICR: "MICR",
  DIER: "MDIER",
  CNT: "MCNTR",
  PER: "MPER",
  REP: "MREP",
  CMP1: "MCMP1R",
  CMP2: "MCMP2R",
  CMP3: "MCMP3R",
  CMP4: "MCMP4R",
};
/** What the master has of them. */
export const MASTER_KINDS: readonly RegisterKind[] = [
  ..."CR ISR ICR DIER CNT PER REP CMP1 CMP2 CMP3 CMP4".split(" "),
] as RegisterKind[];
