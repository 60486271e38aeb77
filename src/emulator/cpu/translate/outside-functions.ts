/** The functions in JavaScript that WebAssembly calls for what it does not reach itself (helpers.ts). */

import type { AccessSize } from "../../bus.js";
import type { CortexM7 } from "../core.js";
import { changesCore, LEAVE, type OutsideAccess, PPB_MEGABYTE } from "../memory/outside-access.js";
import { Word } from "./state.js";

/** In the order of their indices, loads of words first. */
export function outsideFunctions({ mem }: CortexM7, outside: OutsideAccess): readonly unknown[] {
  const { state } = outside;
  const load = (address: number, size: AccessSize, rem: number, record: number): number => {
    outside.before(record, rem);
    let value: number;
    try {
      value = mem.loadAnywhere(address, size);
    } catch (error) {
      outside.failed(error);
      return 0;
    }
    const left = outside.after();
    if (size === 4 && address >>> 20 === PPB_MEGABYTE) outside.learn(address, value, left);
    return value;
  };
  const store = (address: number, size: AccessSize, value: number, rem: number, record: number): void => {
    // Code may be what executes now.
    if (changesCore(address) || mem.mayHoldCode(address)) {
      state[Word.rem] = LEAVE;
      return;
    }
    outside.before(record, rem);
    try {
      mem.storeAnywhere(address, size, value);
    } catch (error) {
      outside.failed(error);
      return;
    }
    outside.afterStore();
  };
  type Load = (address: number, rem: number, record: number) => number;
  type Store = (address: number, value: number, rem: number, record: number) => void;
  const loads: Load[] = [
    (address, rem, record) => load(address, 4, rem, record),
    (address, rem, record) => load(address, 1, rem, record),
    (address, rem, record) => load(address, 2, rem, record),
  ];
  const stores: Store[] = [
    (address, value, rem, record) => store(address, 1, value, rem, record),
    (address, value, rem, record) => store(address, 2, value, rem, record),
    (address, value, rem, record) => store(address, 4, value, rem, record),
  ];
  return [...loads, ...stores];
}
