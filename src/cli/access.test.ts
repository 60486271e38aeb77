import assert from "node:assert/strict";
import { test } from "node:test";
import { BASE, fails, program, type TestWorld, untouched, world } from "./testing.js";

const ADDRESS = "0x90100000";
const FINGERPRINT = /([0-9A-F]{4}-){4}[0-9A-F]{4}/;

async function works(made: TestWorld, ...argv: string[]): Promise<string> {
  assert.equal(await made.run(...argv), 0, `${argv.join(" ")}: ${made.stderr.text}`);
  return made.stdout.text;
}

/** A claimed board; keys.json is still to be issued. */
async function claimed(): Promise<{ made: TestWorld; id: string; owner: string }> {
  const made = world();
  const owner = FINGERPRINT.exec(await works(made, "keys", "new-authority", "acme"))?.[0] ?? "";
  const id = (await works(made, "id")).trim();
  await works(made, "claim", "--authority", "acme");
  return { made, id, owner };
}

const issue = (made: TestWorld, id: string, ...more: string[]) =>
  works(made, "keys", "issue", "--authority", "acme", "--board", id, "--to", "Ada", ...more);

test("from an open board to one that refuses who has no key", async () => {
  const { made, id, owner } = await claimed();
  assert.deepEqual([...made.privateFiles], ["acme/authority.json"]);
  assert.match(new TextDecoder().decode(made.files.get("acme/authority.pub")), /^[0-9a-f]{64}\n$/);
  assert.match(made.stdout.text, new RegExp(`^board ${id} now belongs to ${owner}\n`));
  await fails(made, ["flash", ADDRESS, "app.bin"], 4, new RegExp(`board ${id} belongs to ${owner}`));
  assert.match(made.stderr.text, /needs the right "flash" and "boot"/);
  assert.match(
    made.stderr.text,
    /No keys\.json: looked for keys\.json and config\/keys\.json\.\nSend the BOARD ID/,
  );
  untouched(made);
  assert.match(await issue(made, id), /^keys\.json: Ada may flash, read, erase, boot on board /);
  assert.ok(made.privateFiles.has("keys.json"));
  await works(made, "flash", ADDRESS, "app.bin");
  assert.equal(made.board.booted, BASE);
  made.files.delete("keys.json");
  for (const argv of [
    ["flash", ADDRESS, "app.bin"],
    ["read", ADDRESS, "16", "x.bin"],
    ["verify", ADDRESS, "app.bin"],
    ["erase", ADDRESS, "4K"],
    ["boot"],
    ["default-boot"],
    ["default-boot", ADDRESS],
  ]) {
    await fails(made, argv, 4, /^imflasher: denied: board /);
  }
});

test("id, info and flash without a file say whose the board is, and what to do next", async () => {
  const { made, id, owner } = await claimed();
  assert.equal(await works(made, "id"), `${id}\n`);
  assert.match(
    made.stderr.text,
    new RegExp(`claimed: its owner is ${owner}; no key that fits\nNo keys.json`),
  );
  assert.match(await works(made, "info"), new RegExp(`^owner +claimed: its owner is ${owner}$`, "m"));
  assert.match(made.stderr.text, new RegExp(`^No keys.json: .*\nSend the BOARD ID ${id} to the owner`));
  assert.match(made.stdout.text, /^boot address +told only to a key with the right "boot"$/m);
  const seed = await works(made, "flash", ADDRESS, "");
  assert.match(
    seed,
    new RegExp(
      `^BOARD ID: ${id}\nThis board is claimed: .*\nNo keys.json: .*\nSend the BOARD ID ${id} to the owner`,
    ),
  );
  await issue(made, id);
  assert.match(await works(made, "flash", ADDRESS, ""), /the key of Ada gives: flash, read, erase, boot\./);
  assert.match(await works(made, "info"), /^key +the key of Ada gives: flash, read, erase, boot$/m);
  await works(made, "info", "--json");
  const { access } = made.objects()[0] ?? {};
  assert.deepEqual(access, {
    owned: "claimed",
    owner,
    policy: 0,
    rdp: 0,
    key: "Ada",
    rights: ["flash", "read", "erase", "boot"],
  });
});

test("keys are found where --keys says, here, or in the config folder, in this order", async () => {
  const { made, id } = await claimed();
  await issue(made, id, "--out", "config/keys.json");
  await works(made, "default-boot");
  made.files.set("keys.json", new TextEncoder().encode('{"format":"imflasher-keys","version":1,"keys":[]}'));
  await fails(made, ["default-boot"], 4, /keys\.json holds no key of this owner for this board/);
  await works(made, "default-boot", "--keys", "config/keys.json");
  await fails(made, ["default-boot", "--keys", "none.json"], 1, /none\.json: no such file/);
  made.files.set("keys.json", new TextEncoder().encode("{}"));
  await fails(made, ["default-boot"], 1, /keys\.json: format: expected a text .*, found nothing/);
});

test("a key gives what its rights say, and the message names what is missing", async () => {
  const { made, id } = await claimed();
  await issue(made, id, "--may", "flash,read");
  await fails(
    made,
    ["flash", ADDRESS, "app.bin"],
    4,
    /needs the right "boot".*\nThe key of Ada gives: flash, read.*--no-boot/,
  );
  untouched(made);
  await works(made, "flash", "--no-boot", ADDRESS, "app.bin");
  await fails(made, ["boot", ADDRESS], 4, /needs the right "boot".*\n.*gives: flash, read\. Ask the owner/);
  await fails(
    made,
    ["policy", "require-signed", "--authority", "other"],
    1,
    /other\/authority\.json: no such file/,
  );
});

test("an expired key is not used; the message says when it ended", async () => {
  const { made, id } = await claimed();
  await issue(made, id, "--expires", "2026-06-10");
  await works(made, "default-boot");
  made.date = Date.UTC(2026, 5, 10);
  made.board.log.length = 0;
  await fails(
    made,
    ["default-boot"],
    4,
    /The key of Ada in keys\.json ended on 2026-06-10\.\nSend the BOARD ID/,
  );
  assert.ok(!made.board.log.includes("CHALLENGE"));
  assert.match(await works(made, "keys", "show"), /ends +ended on 2026-06-10: imflasher no longer uses it/);
});

test("keys show explains every key in words", async () => {
  const { made, id, owner } = await claimed();
  await issue(made, id, "--may", "flash,claim");
  await works(made, "keys", "issue", "--authority", "acme", "--board", "any", "--to", "Bob");
  const text = await works(made, "keys", "show");
  assert.match(text, /^keys\.json: 2 keys\n/);
  assert.match(
    text,
    new RegExp(`\nAda: for board ${id}\n {2}authority {2}${owner}\n {2}may {8}flash: write`),
  );
  assert.match(text, /claim: give the board to another owner\n {2}ends {7}never\n/);
  assert.match(text, /\nBob: for any board of the authority\n/);
  const file = JSON.parse(new TextDecoder().decode(made.files.get("keys.json"))) as {
    keys: { privateKey: string }[];
  };
  const [first] = file.keys;
  if (first !== undefined) first.privateKey = "00".repeat(32);
  file.keys.length = 1;
  made.files.set("bent.json", new TextEncoder().encode(JSON.stringify(file)));
  assert.match(await works(made, "keys", "show", "bent.json"), /UNUSABLE +its private key is not the one/);
  made.files.delete("keys.json");
  const bent = ["default-boot", "--keys", "bent.json"];
  await fails(made, bent, 4, /The key of Ada in bent\.json cannot be used: its private key is not/);
  await fails(made, ["keys", "show"], 1, /no keys\.json: looked for keys\.json and config\/keys\.json/);
});

test("the owner's commands take the authority; another's is refused", async () => {
  const { made, id, owner } = await claimed();
  await works(made, "keys", "new-authority", "other");
  const stranger = FINGERPRINT.exec(made.stdout.text)?.[0];
  const before = [...made.board.flash.bytes];
  await fails(
    made,
    ["release", "--authority", "other"],
    4,
    new RegExp(`authority in other is ${stranger}: not this`),
  );
  await fails(made, ["policy", "require-signed", "--authority", "other"], 4, /needs the right "owner"/);
  await fails(made, ["protect", "level-1", "--authority", "other"], 4, /denied/);
  await fails(made, ["protect", "level-1"], 4, /--authority DIR/);
  await fails(made, ["claim", "--authority", "other"], 4, /CLAIMED/);
  assert.deepEqual([...made.board.flash.bytes], before);
  assert.match(await works(made, "claim", "--authority", "acme"), /belongs to .* already/);
  assert.match(
    await works(made, "policy"),
    new RegExp(`its owner is ${owner}\nit runs what is not signed, too`),
  );
  assert.match(
    await works(made, "policy", "require-signed", "--authority", "acme"),
    /runs only what its owner signed/,
  );
  assert.match(
    await works(made, "policy", "own-certificates-only", "--authority", "acme"),
    /runs only.*this board alone/,
  );
  assert.equal(made.board.access.policy, 3);
  await works(made, "policy", "allow-unsigned", "--authority", "acme");
  await works(made, "keys", "issue", "--authority", "acme", "--board", "any", "--to", "Bob");
  await fails(made, ["default-boot"], 4, /The key of Bob .* is for any board, but the owner wants/);
  await works(made, "policy", "any-certificates", "--authority", "acme");
  await works(made, "default-boot");
  assert.match(await works(made, "release", "--authority", "acme"), new RegExp(`board ${id} is open now`));
  assert.match(await works(made, "release", "--authority", "acme"), /is open already/);
  made.files.delete("keys.json");
  await works(made, "flash", ADDRESS, "app.bin");
});

test("who may claim gives the board to another owner", async () => {
  const { made, id } = await claimed();
  await issue(made, id, "--may", "claim");
  const print = FINGERPRINT.exec(await works(made, "keys", "new-authority", "other"))?.[0];
  assert.match(await works(made, "claim", "--authority", "other"), new RegExp(`now belongs to ${print}`));
});

test("a signature beside the file goes to the owner's board, which runs nothing else under the policy", async () => {
  const { made, id } = await claimed();
  await issue(made, id);
  await works(made, "policy", "require-signed", "--authority", "acme");
  const none = /runs only what its owner .* signed, and there is no signature beside the file/;
  await fails(made, ["flash", ADDRESS, "app.bin"], 4, none);
  untouched(made);
  await works(made, "sign", ADDRESS, "app.bin", "--authority", "acme");
  assert.match(made.stdout.text, /^app\.bin\.sig: 9\.8 KiB at 0x90100000 signed by /);
  await works(made, "flash", ADDRESS, "app.bin");
  assert.equal(made.board.booted, BASE);
  made.files.set("other.bin", program(10_000, 2));
  await fails(
    made,
    ["flash", ADDRESS, "other.bin", "--signature", "app.bin.sig"],
    4,
    /app\.bin\.sig: the program is not what was signed/,
  );
  await fails(
    made,
    ["flash", "0x90120000", "app.bin"],
    4,
    /app\.bin\.sig: signed for 0x90100000, not 0x90120000/,
  );
  await works(made, "flash", "--no-boot", ADDRESS, "other.bin");
  await fails(made, ["boot", ADDRESS], 4, /BAD_SIGNATURE/);
});

test("a signature of somebody else is left aside, unless it is named or needed", async () => {
  const { made, id } = await claimed();
  await issue(made, id);
  await works(made, "keys", "new-authority", "other");
  await works(made, "sign", ADDRESS, "app.bin", "--authority", "other");
  await works(made, "flash", ADDRESS, "app.bin");
  assert.match(made.stderr.text, /app\.bin\.sig was signed by .*: it is left aside/);
  const named = ["flash", ADDRESS, "app.bin", "--signature", "app.bin.sig"];
  await fails(made, named, 4, /sign it with the owner's authority/);
  await works(made, "release", "--authority", "acme");
  await works(made, ...named);
  assert.match(made.stderr.text, /is left aside: the board has no owner/);
});

test("protect shows, sets and explains; the other levels are refused with the reason", async () => {
  const { made } = await claimed();
  assert.match(
    await works(made, "protect"),
    /protection level 0\nlevel 0: nothing is protected: .*\nThe way back/,
  );
  await fails(made, ["protect", "level-2"], 2, /level-2: refused: it can never be undone/);
  await fails(made, ["protect", "level-0"], 2, /level-0: not from here: the way back erases/);
  await fails(made, ["protect", "high"], 2, /LEVEL: expected level-1, found "high"/);
  assert.equal(made.board.access.rdp, 0);
  const set = await works(made, "protect", "level-1", "--authority", "acme");
  assert.match(set, /protection level 1 from the next power-on\nlevel 1: the internal flash cannot be read/);
  assert.equal(made.board.access.rdp, 1);
});

test("a passphrase is asked for, twice when it is new, or comes from the environment", async () => {
  const made = world();
  const lock = ["keys", "new-authority", "--passphrase"];
  await fails(
    made,
    [...lock, "acme"],
    2,
    /passphrase is needed: expected a terminal .* IMFLASHER_PASSPHRASE/,
  );
  made.typed = ["secret", "secrte"];
  await fails(made, [...lock, "acme"], 2, /the two are not the same; nothing was written/);
  made.typed = [""];
  await fails(made, [...lock, "acme"], 2, /expected at least one character/);
  assert.equal(made.files.has("acme/authority.json"), false);
  made.typed = ["secret", "secret"];
  assert.match(await works(made, ...lock, "acme"), /under the passphrase/);
  await fails(made, [...lock, "acme"], 1, /an authority lies there already/);
  const sign = ["sign", ADDRESS, "app.bin", "--authority", "acme"];
  made.typed = ["wrong"];
  await fails(made, sign, 4, /acme\/authority\.json: the passphrase does not open/);
  made.env = { IMFLASHER_PASSPHRASE: "secret" };
  await works(made, ...sign);
  await works(made, "claim", "--authority", "acme");
});

test("what cannot be issued is wrong usage, and nothing is written", async () => {
  const made = world();
  await works(made, "keys", "new-authority", "acme");
  const id = (await works(made, "id")).trim();
  const order = ["keys", "issue", "--authority", "acme", "--board", id, "--to", "Ada"];
  const cases: [string[], RegExp][] = [
    [["keys", "issue", "--board", id, "--to", "Ada"], /--authority: expected the folder of an authority/],
    [
      ["keys", "issue", "--authority", "acme", "--to", "Ada"],
      /--board: expected a board id, or any, found nothing/,
    ],
    [
      ["keys", "issue", "--authority", "acme", "--board", "XYZ", "--to", "Ada"],
      /board id "XYZ" has 3 digits/,
    ],
    [["keys", "issue", "--authority", "acme", "--board", id], /--to: expected the name of who gets the key/],
    [
      [...order, "--may", "flash,owner"],
      /--may: expected rights out of flash,read,erase,boot,claim, found "owner"/,
    ],
    [[...order, "--expires", "tomorrow"], /--expires: expected a date as 2027-01-31.*"tomorrow"/],
    [[...order, "--expires", "2026-06-01"], /--expires: 2026-06-01 is not in the future/],
    [["policy", "everything"], /CHANGE: expected one of: require-signed/],
    [["keys"], /expected a command|unknown command/],
    [["keys", "sell"], /unknown command 'sell'/],
  ];
  for (const [argv, message] of cases) {
    assert.equal(await made.run(...argv), 2, argv.join(" "));
    assert.match(made.stderr.text, message);
  }
  assert.ok(!made.files.has("keys.json"));
});
