/** Whose a board is: the whole way, and what a stranger, or somebody with too few rights, is refused. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildFirmware } from "../../firmware/build/compile.js";
import { signApplication } from "../../src/keys/app-signature.js";
import { ALL_RIGHTS, RIGHT_BITS, type Right, rightBits } from "../../src/protocol/access.js";
import { REQUEST_NAMES, type RequestName } from "../../src/protocol/messages.js";
import { ROOT } from "../tools/root.js";
import { BASE, Bench, blink, summing } from "./kit.js";
import {
  assertUnchanged,
  challengeSoon,
  claimedBoard,
  Office,
  prove,
  refuses,
  send,
  snapshot,
  withBending,
} from "./office.js";

const RANGE = { address: BASE, length: 4096 };
const SHA = new Uint8Array(32);

/** Every protected request, and the rights of which any one will do: docs/protocol.md section 11.4. */
const PROTECTED: readonly (readonly [RequestName, object, readonly Right[]])[] = [
  ["BEGIN", { ranges: [RANGE] }, ["flash", "erase"]],
  ["KEEP", { address: BASE, blank: 0, kept: 0 }, ["flash"]],
  ["ERASE", RANGE, ["flash", "erase"]],
  ["WRITE", { address: BASE, data: SHA }, ["flash"]],
  ["COMMIT", { ranges: [{ ...RANGE, sha256: SHA }] }, ["flash", "erase"]],
  ["SIGNATURE", { ...RANGE, signature: new Uint8Array(64) }, ["flash"]],
  ["UNPROTECT", {}, ["flash"]],
  ["HASH", { ...RANGE, block: 4096, digest: 32 }, ["flash", "erase", "read"]],
  ["VERIFY", { ...RANGE, sha256: SHA }, ["flash", "read"]],
  ["READ", { ...RANGE, length: 16 }, ["read"]],
  ["BOOT", { address: 0 }, ["boot"]],
  ["RESET", {}, ["boot"]],
  ["GET_BOOT_ADDRESS", {}, ["boot"]],
  ["SET_BOOT_ADDRESS", { address: BASE + 0x400 }, ["boot"]],
  ["RELEASE", {}, ["owner"]],
  ["POLICY", { policy: 1 }, ["owner"]],
  ["PROTECT", { level: 1 }, ["owner"]],
  ["STAGE", { offset: 0, data: SHA }, ["owner"]],
  ["UPDATE", { length: 4096, flags: 0, sha256: SHA }, ["owner"]],
];

/** What everybody may ask: section 11. */
const OPEN: readonly RequestName[] = ["HELLO", "INFO", "GEOMETRY", "STATUS", "ACCESS", "CHALLENGE", "PROVE"];

test("every request is known to be open or protected", () => {
  // CLAIM has an error of its own.
  const known = [...OPEN, ...PROTECTED.map(([name]) => name), "CLAIM"];
  const unknown = REQUEST_NAMES.filter((name) => !known.includes(name));
  assert.deepEqual(
    unknown,
    [],
    "new requests: put them into PROTECTED (with their rights) or OPEN, in this file",
  );
});

/** The flow as the manual shows it. */
async function flow(): Promise<string> {
  const bench = new Bench({
    uniqueId: Uint8Array.from(Buffer.from("2f003e000f51353033323937", "hex")),
  }).start();
  const office = new Office();
  office.files["app.bin"] = blink();
  const shown: string[] = [];
  const step = async (line: string, code = 0): Promise<void> => {
    const argv = line.split(" ").map((word) => (word === '""' ? "" : word));
    const outcome = await office.run(bench, ...argv);
    assert.equal(outcome.code, code, `${line}: ${outcome.stderr}\n${bench.story()}`);
    // Progress is timed by the emulated board; its lines are no part of what is shown.
    const said = outcome.stderr
      .split("\n")
      .filter((text) => /^(imflasher|claimed|open|No keys|Send)/.test(text));
    shown.push(`$ imflasher ${line}`, ...said, ...outcome.stdout.trimEnd().split("\n"));
    if (code !== 0) shown.push("$ echo $?", `${code}`);
  };
  await step("keys new-authority acme");
  await step("id");
  const id = "0RDX0KZ-JF49ZHN-49WN0M2";
  await step(`keys issue --authority acme --board ${id} --to Ada --expires 2027-01-31`);
  await step("claim --authority acme");
  await step("keys show");
  await step("flash 0x90100000 app.bin");
  bench.waitConsole(/^blink: running from external flash/);
  bench.reset();
  delete office.files["keys.json"];
  const before = snapshot(bench);
  await step("flash 0x90100000 app.bin", 4);
  assertUnchanged(bench, before, "flash without keys.json");
  await step('flash 0x90100000 ""');
  return shown.filter((line) => line !== "").join("\n");
}

test("new-authority, id, issue, claim, flash, and refused without keys.json: as the manual shows it", async () => {
  const shown = await flow();
  const manual = readFileSync(join(ROOT, "docs", "manual.md"), "utf8");
  const block = shown.replace(/^(?=.)/gm, "    ");
  // How long it took is not held to the manual: it changes with whatever makes flashing faster.
  const untimed = (text: string) => text.replace(/ in \d+\.\d s:/g, " in … s:");
  assert.ok(
    untimed(manual).includes(untimed(block)),
    `docs/manual.md, "Boards with an owner", should show:\n${block}`,
  );
});

test("an open board is open, says so, and has no owner's commands", async () => {
  const bench = new Bench().start();
  await bench.with(async ({ session }) => {
    const access = await session.send("ACCESS", {});
    assert.deepEqual(
      { ...access, owner: access.owner.some((byte) => byte !== 0) },
      {
        owned: 0,
        owner: false,
        policy: 0,
        rights: ALL_RIGHTS,
        wait: 0,
        rdp: 0,
      },
    );
    const before = snapshot(bench);
    await refuses(session.send("RELEASE", {}), "NOT_CLAIMED", "RELEASE", 1);
    await refuses(session.send("POLICY", { policy: 1 }), "NOT_CLAIMED", "POLICY", 1);
    assertUnchanged(bench, before, "the owner's commands on an open board");
  });
});

test("without a proof every protected command is refused, names the right, and changes nothing", async () => {
  const { bench, office } = await claimedBoard();
  const before = snapshot(bench);
  await bench.with(async ({ session }) => {
    for (const [name, request, rights] of PROTECTED) {
      await assert.rejects(
        send(session, name, request),
        { codeName: "DENIED", detail: rightBits(rights) },
        name,
      );
      await refuses(send(session, name, request), "DENIED", name);
    }
    await refuses(
      session.send("CLAIM", { authority: office.authority("other").publicKey }),
      "CLAIMED",
      "CLAIM",
    );
    for (const open of ["INFO", "GEOMETRY", "STATUS", "ACCESS"] as const) await session.send(open, {});
  });
  assertUnchanged(bench, before, "protected commands");
});

test("what a certificate does not give is refused, right for right; the owner's bit counts for the owner alone", async () => {
  const { bench, office } = await claimedBoard();
  const authority = office.authority("acme");
  const uid = bench.board.uniqueId;
  const before = snapshot(bench);
  for (const right of ["flash", "read", "erase", "boot", "claim", "owner"] as const) {
    await bench.with(async ({ session }) => {
      const given = await prove(session, { authority, uid, rights: RIGHT_BITS[right] });
      assert.equal(given, right === "owner" ? 0 : RIGHT_BITS[right]);
      for (const [name, request, rights] of PROTECTED) {
        if (right !== "owner" && rights.includes(right)) continue;
        await refuses(send(session, name, request), "DENIED", `${name} with ${right}`);
      }
      if (right === "claim") return;
      const claim = session.send("CLAIM", { authority: office.authority("other").publicKey });
      await refuses(claim, "CLAIMED", `CLAIM with ${right}`);
    });
  }
  assertUnchanged(bench, before, "rights exceeded");
});

test("a bootloader built with an owner is locked from the start, and stays its owner's", async () => {
  const office = new Office();
  const bench = new Bench();
  for (const folder of ["acme", "other"]) await office.works(bench, "keys", "new-authority", folder);
  const { publicKey } = office.authority("acme");
  bench.board.loadInternal(buildFirmware(ROOT, bench.board.board, publicKey).bin);
  bench.start();
  const before = snapshot(bench);
  for (const argv of [["default-boot"], ["claim", "--authority", "other"], ["erase", "0x90100000", "4K"]]) {
    const refused = await office.run(bench, ...argv);
    assert.equal(refused.code, 4, `${argv.join(" ")}: ${refused.stderr}`);
  }
  const release = await office.run(bench, "release", "--authority", "acme");
  assert.match(release.stderr, /NOT_CLAIMED/);
  assert.equal(release.code, 1);
  assertUnchanged(bench, before, "a board with a compiled-in owner");
  const id = (await office.works(bench, "id")).trim();
  await office.works(bench, "keys", "issue", "--authority", "acme", "--board", id, "--to", "Ada");
  await office.works(bench, "default-boot");
  assert.match(await office.works(bench, "info"), /its owner is .*, compiled into its bootloader$/m);
});

test("without a proof every command that needs one ends with code 4 and changes nothing", async () => {
  const { bench, office } = await claimedBoard();
  office.files["app.bin"] = blink();
  const before = snapshot(bench);
  for (const line of [
    "flash 0x90100000 app.bin",
    "flash --no-boot 0x90100000 app.bin",
    "flash --unprotect --no-boot 0x90100000 app.bin",
    "verify 0x90100000 app.bin",
    "read 0x90100000 4K copy.bin",
    "erase 0x90100000 4K",
    "boot",
    "boot 0x90100000",
    "default-boot",
    "default-boot 0x90100400",
    "release --authority other",
    "policy require-signed --authority other",
  ]) {
    const refused = await office.run(bench, ...line.split(" "));
    assert.deepEqual([refused.code, refused.stdout], [4, ""], `${line}: ${refused.stderr}`);
    assert.match(refused.stderr, /^imflasher: denied: board /m);
  }
  assertUnchanged(bench, before, "commands without keys.json");
});

test("a claim on a claimed board is refused; with the right it is given away, and the old keys are void", async () => {
  const { bench, office, id } = await claimedBoard();
  const before = snapshot(bench);
  const refused = await office.run(bench, "claim", "--authority", "other");
  assert.equal(refused.code, 4, refused.stderr);
  assert.match(refused.stderr, /CLAIMED/);
  assertUnchanged(bench, before, "claim");
  await office.works(
    bench,
    "keys",
    "issue",
    "--authority",
    "acme",
    "--board",
    id,
    "--to",
    "Ada",
    "--may",
    "claim,boot",
  );
  await office.works(bench, "default-boot");
  await office.works(bench, "claim", "--authority", "other");
  const denied = await office.run(bench, "default-boot");
  assert.equal(denied.code, 4);
  assert.match(denied.stderr, /holds no key of this owner for this board/);
  assert.equal((await office.run(bench, "release", "--authority", "acme")).code, 4);
  await office.works(bench, "release", "--authority", "other");
  await office.works(bench, "default-boot");
});

test("claim, policy and release outlive the power; an authority that claims again writes nothing", async () => {
  const { bench, office } = await claimedBoard();
  await office.works(bench, "policy", "own-certificates-only", "--authority", "acme");
  const before = snapshot(bench);
  await office.works(bench, "claim", "--authority", "acme");
  assertUnchanged(bench, before, "claim again");
  const again = async () => {
    bench.board.powerOff();
    bench.run(20);
    bench.board.powerOn();
    return bench.with(({ session }) => session.send("ACCESS", {}));
  };
  const claimed = await again();
  assert.deepEqual([claimed.owned, claimed.policy, claimed.rights], [1, 2, 0]);
  assert.deepEqual(claimed.owner, office.authority("acme").publicKey);
  await office.works(bench, "release", "--authority", "acme");
  const released = await again();
  assert.deepEqual([released.owned, released.policy, released.rights], [0, 0, ALL_RIGHTS]);
});

/** Each request of section 11, and the bytes of its payload. */
const LENGTHS: readonly (readonly [RequestName, object, number])[] = [
  ["ACCESS", {}, 0],
  ["CHALLENGE", {}, 0],
  ["PROVE", { certificate: new Uint8Array(114), proof: new Uint8Array(64) }, 178],
  ["CLAIM", { authority: SHA }, 32],
  ["RELEASE", {}, 0],
  ["POLICY", { policy: 0 }, 1],
  ["SIGNATURE", { ...RANGE, signature: new Uint8Array(64) }, 72],
  ["PROTECT", { level: 1 }, 1],
];

test("a message that is too short or too long is refused at each stage, and the session goes on", async () => {
  const { bench, office } = await claimedBoard();
  const authority = office.authority("acme");
  const uid = bench.board.uniqueId;
  const before = snapshot(bench);
  await withBending(bench, async (session, sendAs) => {
    for (const stage of ["stranger", "challenged", "proven", "owner"] as const) {
      if (stage === "challenged") await challengeSoon(session);
      if (stage === "proven") await prove(session, { authority, uid });
      if (stage === "owner") await prove(session, { authority, uid, holder: authority, rights: ALL_RIGHTS });
      for (const [name, request, exact] of LENGTHS) {
        for (const length of [0, exact - 1, exact + 1, 4112].filter((one) => one >= 0 && one !== exact)) {
          const sent = sendAs(name, request, new Uint8Array(length));
          await refuses(sent, "BAD_REQUEST", `${stage}: ${name} of ${length} bytes`, 1);
        }
      }
    }
    assert.equal((await session.send("ACCESS", {})).rights, ALL_RIGHTS);
  });
  assertUnchanged(bench, before, "messages of wrong length");
});

test("a signature of another authority, for another address or for other bytes is refused", async () => {
  const { bench, office } = await claimedBoard();
  const uid = bench.board.uniqueId;
  const bytes = blink();
  const good = office.authority("acme");
  await bench.with(async ({ session }) => {
    await prove(session, { authority: good, uid });
    await session.send("BEGIN", {
      ranges: [{ address: BASE, length: 4096 * Math.ceil(bytes.length / 4096) }],
    });
    const before = snapshot(bench);
    const cases = [
      signApplication({ address: BASE, bytes }, office.authority("other")),
      { ...signApplication({ address: BASE + 0x1_0000, bytes }, good), address: BASE },
      signApplication({ address: BASE, bytes }, good),
    ];
    for (const signed of cases)
      await refuses(session.send("SIGNATURE", signed), "BAD_SIGNATURE", "SIGNATURE");
    assertUnchanged(bench, before, "signatures that do not fit");
  });
});

test("read-out protection is the owner's to set; it holds from the next power-on, and the board goes on working", async () => {
  const { bench, office } = await claimedBoard();
  const before = snapshot(bench);
  for (const more of [[], ["--authority", "other"]]) {
    const refused = await office.run(bench, "protect", "level-1", ...more);
    assert.equal(refused.code, 4, refused.stderr);
  }
  assertUnchanged(bench, before, "protect by a stranger");
  assert.match(await office.works(bench, "protect"), /read-out protection level 0$/m);
  assert.match(
    await office.works(bench, "protect", "level-1", "--authority", "acme"),
    /level 1 from the next power-on/,
  );
  bench.board.powerOff();
  bench.run(20);
  bench.board.powerOn();
  assert.match(await office.works(bench, "protect"), /read-out protection level 1$/m);
  assert.match(await office.works(bench, "policy"), /its owner is/);
});

test("a cable pulled in the middle of a flashing: the new session is proven, and the job goes on", async () => {
  const { bench, office, id } = await claimedBoard();
  await office.works(bench, "keys", "issue", "--authority", "acme", "--board", id, "--to", "Ada");
  office.files["big.bin"] = summing(100_000, 1);
  const flashing = office.run(bench, "flash", "--no-boot", "0x90100000", "big.bin");
  bench.board.after(100e6, () => bench.board.unplug());
  bench.board.after(150e6, () => bench.board.plug());
  const { code, stdout, stderr } = await flashing;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /link opened anew 1 times/);
});

test("who may flash and not read is told where the byte is that is not right", async () => {
  const dead = BASE + 0x1234 - 0x9000_0000;
  const deadBits = (address: number): number => (address === dead ? 0xff : 0);
  const { bench, office, id } = await claimedBoard({ flashDefects: { deadBits } });
  await office.works(
    bench,
    ...["keys", "issue", "--authority", "acme", "--board", id, "--to", "Ada", "--may", "flash"],
  );
  const program = new Uint8Array(0x3000).fill(0xa5);
  const old = program.slice();
  old.set([0xa7, 0x5a], 0x2345);
  bench.flash(BASE, program.length).set(old);
  office.files["app.bin"] = program;
  const compared = await office.run(bench, "verify", "0x90100000", "app.bin");
  assert.match(
    compared.stderr,
    /at 0x90102345 expected 0xa5, found another byte, which this key may not read/,
  );
  assert.equal(compared.code, 5);
  bench.flash(BASE, program.length).fill(0xff);
  const flashed = await office.run(bench, "flash", "--no-boot", "0x90100000", "app.bin");
  assert.match(
    flashed.stderr,
    /at 0x90101234 expected 0xa5, found another byte, which this key may not read/,
  );
  assert.equal(flashed.code, 5);
});

test("who may flash and not read may replace bytes where some need no erase", async () => {
  const { bench, office, id } = await claimedBoard();
  await office.works(
    bench,
    ...["keys", "issue", "--authority", "acme", "--board", id, "--to", "Ada", "--may", "flash"],
  );
  const program = new Uint8Array(0x1000).fill(0xa5);
  bench.flash(BASE, program.length).set(program);
  bench.flash(BASE + 0x123, 1).fill(0xff);
  office.files["app.bin"] = program;
  await office.works(bench, "flash", "--no-boot", "0x90100000", "app.bin");
  assert.deepEqual(bench.flash(BASE, program.length), program);
});
