/** A board behind a first stage that has an owner, and what its log in external flash shows of changes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setBootAddress } from "../../src/flasher/index.js";
import { newKeyPair } from "../../src/keys/ed25519.js";
import { BASE, Bench, type BenchOptions, blink } from "./kit.js";
import { claimedBoard, Office } from "./office.js";

const NAME = "sp-racing-h7-extreme";
const LOG = 0x9004_0000;
const SLOT_BYTES = 64;
const LOG_BYTES = 0x2_0000;
const NEVER = "whoever can write the chip by other means";

const later = (bench: Bench, options: BenchOptions = {}): Bench =>
  new Bench({ name: NAME, state: bench.board.save(), uniqueId: bench.board.uniqueId, ...options });

async function fails(office: Office, bench: Bench, argv: readonly string[], why: RegExp): Promise<void> {
  const { code, stderr } = await office.run(bench, ...argv);
  assert.equal(code, 4, `${argv.join(" ")}: ${stderr}`);
  assert.match(stderr, why);
}

const FLASH = ["flash", "0x90100000", "app.bin"] as const;

test("an owned board stays owned over power-off: without a key nothing, with one everything that it gives", async () => {
  const { bench, office, id } = await claimedBoard({ name: NAME });
  office.files["app.bin"] = blink();
  const restarted = later(bench).start();
  const before = restarted.board.flashChip.content.slice();
  await fails(office, restarted, FLASH, /^denied: .* belongs to acme|needs the right "flash"/m);
  assert.ok(Buffer.from(before).equals(restarted.board.flashChip.content));
  await office.works(restarted, "keys", "issue", "--authority", "acme", "--board", id, "--to", "bob");
  await office.works(restarted, ...FLASH, "--no-boot");
  assert.deepEqual(restarted.flash(BASE, blink().length), blink());
  const info = await office.works(restarted, "info");
  assert.match(info, /^owner +claimed: /m);
});

test("each change of a slot that counts is seen: the board stays, denies, tells why, and DFU makes it new", async () => {
  const { bench, office } = await claimedBoard({ name: NAME });
  office.files["app.bin"] = blink();
  bench.flash(BASE, blink().length).set(blink());
  const changes: readonly ((log: Uint8Array) => void)[] = [
    (log) => (log[5] = 0),
    (log) => log.fill(0, 0, SLOT_BYTES),
    (log) => log.fill(0xff, SLOT_BYTES, 2 * SLOT_BYTES),
    (log) => log.copyWithin(2 * SLOT_BYTES, 0, SLOT_BYTES),
  ];
  for (const change of changes) {
    const changed = later(bench);
    change(changed.flash(LOG, LOG_BYTES));
    changed.start();
    await fails(office, changed, FLASH, /cannot tell who owns it: its log was changed by something else/);
    await fails(office, changed, ["claim", "--authority", "other"], /LOG_BROKEN/);
    const info = await office.works(changed, "info");
    assert.match(info, /^in bootloader +LOG_BROKEN: its log .* was changed by something else$/m);
    assert.match(info, /^owner +unknown: its log was changed/m);
    const json = JSON.parse(await office.works(changed, "info", "--json")) as { access: { owned: string } };
    assert.equal(json.access.owned, "unknown");
    changed.flash(LOG, LOG_BYTES).fill(0xff);
    const renewed = later(changed).start();
    await office.works(renewed, ...FLASH);
  }
});

test("a log of another board is not taken for this one's", async () => {
  const { bench, office } = await claimedBoard({ name: NAME });
  const state = bench.board.save();
  const other = new Bench({ name: NAME, state, seed: 77 }).start();
  await fails(office, other, ["erase", "0x90200000", "4096"], /LOG_BROKEN/);
});

test(`what does not hold: ${NEVER} can blank the whole log, and the board is open`, async () => {
  const { bench, office } = await claimedBoard({ name: NAME });
  bench.flash(LOG, LOG_BYTES).fill(0xff);
  const emptied = later(bench).start();
  assert.match(await office.works(emptied, "info"), /^owner +open/m);
});

test("power cuts while a board is claimed: it is claimed or open, never broken", async () => {
  const seen = new Set<string>();
  for (let index = 0; index < 8; index++) {
    let count = -1;
    const bench: Bench = new Bench({
      name: NAME,
      seed: index + 1,
      onFlashOperation: () => {
        if (count < 0 || count++ !== index) return;
        const { now, flashChip } = bench.board;
        bench.board.after((flashChip.stableUntil - now) / 2, () => {
          bench.board.powerOff();
          bench.board.interrupt();
        });
      },
    }).start();
    const owner = newKeyPair(new Office().random).publicKey;
    await bench
      .with(async ({ session }) => {
        count = 0;
        await session.send("CLAIM", { authority: owner });
      })
      .catch(() => {});
    assert.ok(!bench.board.powered, `no operation ${index}`);
    const restarted = later(bench).start();
    const { owned } = await restarted.with(({ session }) => session.send("ACCESS", {}));
    seen.add(`${owned}`);
    if (owned === 0) await restarted.with((connection) => setBootAddress(connection, 0x9020_0000));
  }
  assert.deepEqual([...seen].sort(), ["0", "1"]);
});
