/** The access ports of the board's chip (RM0433, chapter debug infrastructure), and a probe that is wired to them. */

import type { EmulatedBoard } from "../board/emulated-board.js";
import { type AccessPort, Dap } from "./dap.js";
import { DebugApb } from "./debug-apb.js";
import { StLink } from "./stlink.js";

/** AHB-AP and APB-AP as designed by Arm. */
const IDR = { AHB: 0x8477_0001, APB: 0x5477_0002 } as const;
const NO_ROM_TABLE = 2;

/** AP0: the core and all that it sees; AP1: the bus of domain D1, of which no tool of ours makes use; AP2: debug APB. */
export function boardDap(board: EmulatedBoard): Dap {
  const { chip, log } = board;
  const ports: readonly AccessPort[] = [
    { idr: IDR.AHB, base: 0xe00f_e003, bus: chip.cpu.debug },
    { idr: IDR.AHB, base: NO_ROM_TABLE, bus: chip.bus },
    { idr: IDR.APB, base: 0xe00e_0003, bus: new DebugApb(chip.dbgmcu, log) },
  ];
  return new Dap(new Map(ports.entries()), () => chip.flash.rights.debuggerConnects());
}

/** A probe on the board's debug connector. */
export function boardStLink(board: EmulatedBoard): StLink {
  let pulled = false;
  const pins = {
    nrst: (low: boolean): void => {
      if (pulled && !low) board.pressReset();
      pulled = low;
    },
  };
  return new StLink(boardDap(board), pins, board.log);
}
