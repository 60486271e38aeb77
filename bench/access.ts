/** What an owner costs: a proof, and the check of a signed program before it starts. */

import { flashImage } from "../src/flasher/index.js";
import { signApplication } from "../src/keys/app-signature.js";
import { issueKey, newAuthority, unlockAuthority } from "../src/keys/authority.js";
import { proveAccess, proveOwner } from "../src/keys/proof.js";
import { ALL_RIGHTS, POLICY_REQUIRE_SIGNED, RIGHT_BITS } from "../src/protocol/access.js";
import { seededRandom } from "../src/protocol/testing/fake-link.js";
import type { Measurement } from "./report.js";
import { ADDRESS, makeRig } from "./rig.js";
import { untilApplication } from "./start.js";

const MIB = 2 ** 20;
/** Stack pointer, reset vector, and `b .` at the reset vector; the rest of the program is never reached. */
const HEAD = Uint8Array.of(0x00, 0x00, 0x02, 0x20, 0x09, 0x00, 0x10, 0x90, 0xfe, 0xe7);

export async function accessCosts(seed: number): Promise<Measurement[]> {
  const next = seededRandom(seed);
  const random = (count: number) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256));
  const owner = unlockAuthority(newAuthority(random), "");
  const bytes = random(MIB);
  bytes.set(HEAD);
  const rig = await makeRig(bytes, seed);
  const { uniqueId: board } = rig.board;
  const rights = ALL_RIGHTS & ~RIGHT_BITS.owner;
  const key = issueKey(owner, { board, name: "bench", rights, expiry: 0 }, random);
  await rig.measure(({ session }) => session.send("CLAIM", { authority: owner.publicKey }));
  const proof = await rig.measure(({ session }) => proveAccess(session, async () => [key], 0));
  const image = { format: "bin", segments: [{ address: ADDRESS, bytes }], entry: undefined } as const;
  const signature = signApplication({ address: ADDRESS, bytes }, owner);
  await rig.measure(async (connection) => {
    await proveOwner(connection.session, owner);
    await connection.session.send("POLICY", { policy: POLICY_REQUIRE_SIGNED });
    await flashImage(connection, image, { signature });
  });
  rig.board.powerOff();
  rig.board.unplug();
  const signed = untilApplication(rig.board, () => rig.board.powerOn());
  return [
    { name: "proof", title: "HELLO, challenge and proof", floor: 0, ...proof },
    { name: "signed-power-on", title: "power-on to a signed application of 1 MiB", ...signed },
  ];
}
