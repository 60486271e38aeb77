/** For tests: a SAI with a kernel clock of 1 MHz, whose block B can listen to block A. */

import { NO_PIN, type PinSignal } from "../../../pin-signal.js";
import { RecordedLog } from "../../../test-log.js";
import { Timeline } from "../../../timeline.js";
import { pass, TestLine } from "../../test-kit.js";
import { Sai } from "./sai.js";

const [A, B] = [0x04, 0x24];
export const [CR1, CR2, FRCR, SLOTR, IM, SR, CLRFR, DR] = [0, 4, 8, 0xc, 0x10, 0x14, 0x18, 0x1c];
export const [PDMCR, PDMDLY] = [0x44, 0x48];
export const MASTER_TX = 0;
export const MASTER_RX = 1;
export const SLAVE_RX_INSIDE = 3 | (1 << 10);
export const AC97 = 2 << 2;
export const SPDIF = 1 << 2;
export const DATA = { 8: 2 << 5, 16: 4 << 5, 20: 5 << 5 } as const;
export const MONO = 1 << 12;
export const SAIEN = 1 << 16;
export const DMAEN = 1 << 17;
export const NODIV = 1 << 19;
export const FFLUSH = 1 << 3;
export const MUTE = 1 << 5;
export const MUTEVAL = 1 << 6;
export const FLAGS = { OVRUDR: 1, MUTEDET: 2, WCKCFG: 4, FREQ: 8, CNRDY: 0x10 };
/** 1 MHz of SCK with NODIV = 1 and MCKDIV = 0. */
export const BIT_NS = 1000;
/** Two slots of sixteen bits, FS with the first one. */
const STEREO = { frcr: 31 | (15 << 8), slotr: (1 << 6) | (1 << 8) | (3 << 16) };
export const FRAME_NS = 32 * BIT_NS;
/** Before the first frame. */
export const LEAD_NS = 2 * BIT_NS;

export function rig() {
  const timeline = new Timeline();
  const interrupt = new TestLine();
  let asked = false;
  const request = {
    set: (on: boolean): void => {
      asked = on;
    },
    pulse: (): void => {},
  };
  /** What something outside gives to SD of each block, and to SAI_D1. */
  const given: Record<string, boolean | undefined> = {};
  const pin = (name: string, watched: boolean): PinSignal => ({
    ...NO_PIN,
    watched,
    get driven() {
      return given[name];
    },
  });
  let looped = false;
  let hz = 1e9 / BIT_NS;
  const sai: Sai = new Sai({
    name: "SAI1",
    log: new RecordedLog(),
    timeline,
    interrupt,
    clocked: () => true,
    kernelHz: { A: () => hz, B: () => hz },
    requests: { A: request, B: { set: () => {}, pulse: () => {} } },
    pins: {
      A: { SD: pin("A", false), SCK: NO_PIN, FS: NO_PIN, MCLK: NO_PIN },
      B: {
        SD: {
          ...NO_PIN,
          get watched() {
            return looped;
          },
          get driven() {
            return looped ? sai.output("A", "SD") : given["B"];
          },
        },
        SCK: NO_PIN,
        FS: NO_PIN,
        MCLK: NO_PIN,
      },
    },
    microphones: { data: [pin("D1", true)], clocks: [NO_PIN, NO_PIN] },
  });
  const block = (at: number) => ({
    set: (register: number, value: number): void => sai.write(at + register, 4, value >>> 0),
    get: (register: number): number => sai.read(at + register, 4),
    stereo: (): void => {
      sai.write(at + FRCR, 4, STEREO.frcr);
      sai.write(at + SLOTR, 4, STEREO.slotr);
    },
    send: (...words: number[]): void => {
      for (const word of words) sai.write(at + DR, 4, word);
    },
    take: (count: number): number[] => Array.from({ length: count }, () => sai.read(at + DR, 4)),
    get level(): number {
      return (sai.read(at + SR, 4) >>> 16) & 7;
    },
  });
  return {
    sai,
    interrupt,
    given,
    a: block(A),
    b: block(B),
    wait: (ns: number): void => pass(timeline, ns),
    asked: (): boolean => asked,
    /** The kernel clock is so many times as fast as at first. */
    clock: (times: number): void => {
      hz = (times * 1e9) / BIT_NS;
      sai.clockChanged();
    },
    /** What A sends, B receives. */
    loop: (): void => {
      looped = true;
    },
  };
}
