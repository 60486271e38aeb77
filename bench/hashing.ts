/** How fast the board hashes what its flash holds: nothing is read back over USB to compare it. */

import type { Measurement } from "./report.js";
import { makeRig } from "./rig.js";

const DIGEST_BYTES = 16;
/** As many bytes as one answer can tell the digests of. */
const BLOCK_BYTES = 65_536;

/** All of the chip in one request. */
export async function hashTime(seed: number): Promise<Measurement[]> {
  const rig = await makeRig(new Uint8Array(0), seed);
  const { flash } = rig.board.board;
  const { length } = rig.board.flashChip.content;
  const costs = await rig.measure(({ session }) =>
    session.send("HASH", { address: flash.address, length, block: BLOCK_BYTES, digest: DIGEST_BYTES }),
  );
  const name = `hash-${length / 2 ** 20}MiB`;
  return [{ name, title: `SHA-256 of ${length / 2 ** 20} MiB on the board`, floor: 0, ...costs }];
}
