/** The data path of MDMA: sizes, increments and packing (RM0433, MDMA_CxTCR). */

import type { AccessSize } from "../../bus.js";
import type { DmaBus } from "./dma-channel.js";

export type MdmaPadding = "zeros" | "sign" | "left";

export interface MdmaMove {
  readonly source: number;
  readonly destination: number;
  /** 1, 2, 4 or 8 bytes. */
  readonly sourceSize: number;
  readonly destinationSize: number;
  /** Bytes that the address moves with each item, negative when it counts down. */
  readonly sourceStep: number;
  readonly destinationStep: number;
  /** PKE: items are packed or split; otherwise each source item goes into one destination item. */
  readonly packed: boolean;
  /** PAM: where an item goes in a larger one, and what is kept of it in a smaller one, while they are not packed. */
  readonly padding: MdmaPadding;
  readonly bytes: number;
  /** From a byte's place in a destination item to where its content comes from; undefined: as it is. */
  readonly exchange: number | undefined;
}

/** CxCR.BEX, HEX and WEX: bytes of a half-word, half-words of a word, words of a double-word change places. */
export function exchangeBytes(cr: number): number | undefined {
  return (cr >>> 12) & 7 || undefined;
}

/** The items that the source has, as destination items. */
export function readMdma(bus: DmaBus, move: MdmaMove): number[][] {
  const { sourceSize, destinationSize, bytes } = move;
  const items: number[][] = [];
  for (let done = 0, at = move.source; done < bytes; done += sourceSize, at += move.sourceStep) {
    items.push(readItem(bus, at >>> 0, sourceSize));
  }
  return move.packed
    ? regroup(items.flat(), destinationSize)
    : items.map((item) => fit(item, destinationSize, move.padding));
}

export function writeMdma(bus: DmaBus, move: MdmaMove, items: readonly number[][]): void {
  items.forEach((item, index) => {
    const { exchange } = move;
    const turned = exchange === undefined ? item : item.map((byte, at) => item[at ^ exchange] ?? byte);
    writeItem(bus, (move.destination + index * move.destinationStep) >>> 0, turned);
  });
}

/** Where the next item is read or written after `bytes` were moved. */
export function nextMdmaAddress(address: number, step: number, bytes: number, size: number): number {
  return (address + Math.ceil(bytes / size) * step) >>> 0;
}

function regroup(bytes: readonly number[], size: number): number[][] {
  const items: number[][] = [];
  for (let at = 0; at < bytes.length; at += size) items.push(bytes.slice(at, at + size));
  return items;
}

function fit(item: readonly number[], size: number, padding: MdmaPadding): number[] {
  const before = padding === "left" ? size - item.length : 0;
  const behind = padding === "sign" && (item.at(-1) ?? 0) >= 0x80 ? 0xff : 0;
  return Array.from({ length: size }, (_, index) => item[index - before] ?? (index < before ? 0 : behind));
}

function readItem(bus: DmaBus, address: number, size: number): number[] {
  const item: number[] = [];
  const step = Math.min(size, 4) as AccessSize;
  for (let at = 0; at < size; at += step) {
    const value = bus.read(address + at, step);
    for (let i = 0; i < step; i++) item.push((value >>> (i * 8)) & 0xff);
  }
  return item;
}

function writeItem(bus: DmaBus, address: number, item: readonly number[]): void {
  const step = (item.length >= 4 ? 4 : item.length === 3 ? 1 : item.length) as AccessSize;
  for (let at = 0; at < item.length; at += step) {
    let value = 0;
    for (let i = 0; i < step; i++) value |= (item[at + i] ?? 0) << (i * 8);
    bus.write(address + at, step, value >>> 0);
  }
}
