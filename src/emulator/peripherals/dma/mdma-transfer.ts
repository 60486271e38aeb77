/** One buffer of MDMA or more: what is checked, read, written and acknowledged, and what is told of a failure (RM0433, MDMA_CxESR). */

import { BusFault } from "../../bus.js";
import type { DmaBus } from "./dma-channel.js";
import { type MdmaMove, readMdma, writeMdma } from "./mdma-move.js";

/** ESR: the low bits of the address, and what failed there. */
const TEA = 0x7f;
const ESR = { TED: 1 << 7, TELD: 1 << 8, TEMD: 1 << 9, ASE: 1 << 10, BSE: 1 << 11 } as const;

export interface MdmaFailure {
  /** What ESR shows. */
  readonly status: number;
  readonly message: string;
}

export interface MdmaTransfer {
  readonly move: MdmaMove;
  /** CTBR.SBUS, CTBR.DBUS: the AHBS bus to the tightly coupled memories. */
  readonly sourceAhbs: boolean;
  readonly destinationAhbs: boolean;
  /** Where a hardware request is acknowledged, and with what. */
  readonly mask: { readonly address: number; readonly data: number } | undefined;
}

/** @returns what failed, if something did */
export function transferMdma(bus: DmaBus, transfer: MdmaTransfer): MdmaFailure | undefined {
  const { move, mask } = transfer;
  const wrong = badSetup(transfer);
  if (wrong !== undefined) return wrong;
  let phase: number = 0;
  try {
    const items = readMdma(bus, move);
    phase = ESR.TED;
    writeMdma(bus, move, items);
    phase = ESR.TEMD;
    if (mask !== undefined) bus.write(mask.address, 4, mask.data);
    return undefined;
  } catch (error) {
    if (!(error instanceof BusFault)) throw error;
    return { status: phase | (error.offset & TEA), message: error.message };
  }
}

/** The next node of a linked list could not be read. */
export function linkFailure({ message }: BusFault): MdmaFailure {
  return { status: ESR.TELD, message };
}

function badSetup({ move, sourceAhbs, destinationAhbs }: MdmaTransfer): MdmaFailure | undefined {
  const { source, sourceSize, destination, destinationSize, bytes, packed } = move;
  const sides = [
    { name: "S", address: source, size: sourceSize, ahbs: sourceAhbs, counts: true, status: 0 },
    {
      name: "D",
      address: destination,
      size: destinationSize,
      ahbs: destinationAhbs,
      counts: packed,
      status: ESR.TED,
    },
  ];
  for (const { name, address, size, ahbs, counts, status } of sides) {
    const at = { status: status | (address & TEA) };
    const bus = wrongBus(name, address, size, ahbs);
    if (bus !== undefined) return { ...at, message: bus };
    if (address % size !== 0) {
      const message = `C${name}AR 0x${address.toString(16)} is not aligned to ${name}SIZE, ${size} bytes`;
      return { status: at.status | ESR.ASE, message };
    }
    if (counts && bytes % size !== 0) {
      return {
        status: at.status | ESR.BSE,
        message: `the block is no multiple of ${name}SIZE, ${size} bytes`,
      };
    }
  }
  return undefined;
}

/** RM0433, MDMA_CxTBR: ITCM and DTCM are behind the AHBS bus, which has 32 bits; everything else is behind AXI. */
function wrongBus(side: string, address: number, size: number, ahbs: boolean): string | undefined {
  const tightly = address < 0x1_0000 || (address >= 0x2000_0000 && address < 0x2002_0000);
  if (tightly !== ahbs) {
    const what = tightly ? "tightly coupled memory" : "not tightly coupled memory";
    return `CTBR.${side}BUS = ${ahbs ? 1 : 0} does not lead to 0x${address.toString(16)}, which is ${what}`;
  }
  return ahbs && size === 8 ? `${side}SIZE = 8 bytes at tightly coupled memory, whose bus has 4` : undefined;
}
