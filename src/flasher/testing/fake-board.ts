/** A stand-in for unit tests: a connection to a FakeBootloader over a FakeLink. */

import type { Image } from "../../image/image.js";
import type { Geometry } from "../../protocol/messages.js";
import { Session } from "../../protocol/session.js";
import { FakeBootloader } from "../../protocol/testing/fake-bootloader.js";
import { FakeClock } from "../../protocol/testing/fake-clock.js";
import { FakeFlash, fakeGeometry } from "../../protocol/testing/fake-flash.js";
import { FakeLink, type LinkFaults, seededRandom } from "../../protocol/testing/fake-link.js";
import { Connection, type Prepare } from "../connection.js";

/** Where the stand-in's application region begins. */
export const APP = 0x90100000;

export interface FakeBoardOptions {
  readonly geometry?: Geometry;
  readonly faults?: LinkFaults;
  readonly maxReconnects?: number;
  readonly prepare?: Prepare;
  /** Bytes. */
  readonly window?: number;
}

export interface FakeBoard {
  readonly clock: FakeClock;
  readonly flash: FakeFlash;
  readonly board: FakeBootloader;
  /** Every cable that was put in, the last one in use. */
  readonly links: readonly FakeLink[];
  readonly connection: Connection;
}

/** @param drain as for FakeClock. */
export async function fakeBoard(
  drain: () => Promise<void>,
  options: FakeBoardOptions = {},
): Promise<FakeBoard> {
  const { geometry = fakeGeometry(), faults, maxReconnects = 3, prepare = async () => {} } = options;
  const clock = new FakeClock(drain);
  const flash = new FakeFlash(geometry);
  const board = new FakeBootloader(flash, clock);
  board.window = options.window ?? board.window;
  const links: FakeLink[] = [];
  const connect = () => {
    const link = new FakeLink(board, clock, faults);
    links.push(link);
    return Session.open(link, clock);
  };
  const connection = await clock.until(Connection.open(connect, { maxReconnects, prepare }));
  return { clock, flash, board, links, connection };
}

export function random(length: number, seed = 1): Uint8Array {
  const next = seededRandom(seed);
  return Uint8Array.from({ length }, () => Math.floor(next() * 256));
}

export function image(...segments: { address: number; bytes: Uint8Array }[]): Image {
  return { format: "bin", segments, entry: undefined };
}

/** An application of random bytes. */
export function app(length: number, seed = 1): Image {
  return image({ address: APP, bytes: random(length, seed) });
}
