/** Three ways to write the same bytes over the same USB model into the same bootloader. */

import { sha256 } from "@noble/hashes/sha2.js";
import { applyChange } from "../src/flasher/apply.js";
import type { Connection } from "../src/flasher/index.js";
import type { PlannedSector } from "../src/plan/plan.js";
import type { Timers } from "../src/protocol/transport.js";
import { writeBytes } from "./rig.js";

export interface Task {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export type Engine = (connection: Connection, task: Task, timers: Timers) => Promise<unknown>;

/** What `imflasher flash` does. */
export const imflasher: Engine = (connection, { address, bytes }) => writeBytes(connection, address, bytes);

/**
 * The same requests and window, without looking at what the flash holds: every touched 64 KiB block is erased and
 * written. The task must cover whole blocks.
 */
export const wholeBlocks: Engine = (connection, { address, bytes }) =>
  connection.run(async (session) => {
    const all = await session.send("GEOMETRY", {});
    const geometry = { ...all, eraseSizes: all.eraseSizes.slice(-1) };
    const block = geometry.eraseSizes[0]?.size ?? 0;
    const sectors = Array.from({ length: bytes.length / block }, (_, index): PlannedSector => {
      const content = bytes.subarray(index * block, (index + 1) * block);
      return { address: address + index * block, content, held: "different" };
    });
    const own = sectors.map((sector) => sector.address);
    const change = { session, geometry, sectors, own, unfinished: false, onProgress() {}, signal: undefined };
    await applyChange(change, { erasedBytes: 0, programmedBytes: 0 });
  });

const PACKET = 256;
const BLOCK = 65536;
/** The original's reader looks for an answer this often, so each one is noticed that much later. */
const READER_POLL_MS = 20;

/**
 * A model of the original system's exchange, not its code: the range is erased, then packets of 256 bytes go out,
 * each when the one before was acknowledged, and one checksum over everything ends it. It is driven with our requests
 * over the real USB model into the real bootloader: ERASE, one WRITE a packet, and VERIFY where the original asks for a
 * CRC-32 (the checksum costs some ten milliseconds of the whole either way).
 * @param pollMs how long its reader sleeps before it sees an answer; 0 takes away what is only its PC side.
 */
export function stopAndWait(pollMs: number): Engine {
  return (connection, { address, bytes }, timers) =>
    connection.run(async (session) => {
      const sleep = () => new Promise<void>((resolve) => timers.after(pollMs, resolve));
      const seen = async (answer: Promise<unknown>) => {
        await answer;
        if (pollMs > 0) await sleep();
      };
      const length = Math.ceil(bytes.length / BLOCK) * BLOCK;
      const range = { address, length };
      await seen(session.send("BEGIN", { ranges: [range] }));
      for (let at = 0; at < length; at += BLOCK) {
        await seen(session.send("ERASE", { address: address + at, length: BLOCK }));
      }
      for (let at = 0; at < bytes.length; at += PACKET) {
        const data = bytes.subarray(at, at + PACKET);
        await seen(session.send("WRITE", { address: address + at, data }));
      }
      await seen(session.send("VERIFY", { address, length: bytes.length, sha256: sha256(bytes) }));
    });
}

export const original: Engine = stopAndWait(READER_POLL_MS);
export const originalWithoutPolling: Engine = stopAndWait(0);
