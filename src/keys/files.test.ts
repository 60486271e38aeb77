import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RIGHT_BITS } from "../protocol/access.js";
import { seededRandom } from "../protocol/testing/fake-link.js";
import { checkSignature, formatSignature, parseSignature, signApplication } from "./app-signature.js";
import {
  DEFAULT_COST,
  formatAuthority,
  isLocked,
  issueKey,
  newAuthority,
  parseAuthority,
  unlockAuthority,
} from "./authority.js";
import { ANY_BOARD, boardText, decodeCertificate, isSignedBy } from "./certificate.js";
import { dayOf, dayText, isExpired, parseDay } from "./dates.js";
import type { KeyPair } from "./ed25519.js";
import { IssueError, KeysFileError, PassphraseError, SignatureError } from "./errors.js";
import { addKey, formatKeys, type Key, keyFault, parseKeys } from "./keys-file.js";

const COST = { logN: 4, r: 1, p: 1 };
const UID: Uint8Array = Uint8Array.from({ length: 12 }, (_, i) => i + 1);

function randomBytes(seed: number): (count: number) => Uint8Array {
  const next = seededRandom(seed);
  return (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256));
}

function authority(seed = 1): KeyPair {
  return unlockAuthority(newAuthority(randomBytes(seed)), "");
}

function key(name = "Ada", board = UID, seed = 2): Key {
  return issueKey(authority(), { board, name, rights: RIGHT_BITS.flash, expiry: 0 }, randomBytes(seed));
}

test("an issued key carries what was ordered, signed by its authority, with a key pair of its own", () => {
  const { publicKey, privateKey } = authority();
  const order = { board: UID, name: "Ada", rights: RIGHT_BITS.flash | RIGHT_BITS.read, expiry: 20_000 };
  const issued = issueKey({ publicKey, privateKey }, order, randomBytes(9));
  assert.equal(issued.certificate.length, 114);
  assert.deepEqual([...issued.certificate.subarray(0, 2)], [1, 3]);
  assert.deepEqual(issued.certificate.slice(2, 14), UID);
  assert.deepEqual([...issued.certificate.subarray(14, 18)], [0x20, 0x4e, 0, 0]);
  const { name: _, ...stated } = order;
  assert.deepEqual(decodeCertificate(issued.certificate), { ...stated, holder: issued.body.holder });
  assert.ok(isSignedBy(issued.certificate, publicKey));
  assert.equal(keyFault(issued), undefined);
  assert.notDeepEqual(issued.privateKey, privateKey);
  for (const rights of [0, 64, RIGHT_BITS.owner]) {
    assert.throws(() => issueKey(authority(), { ...order, rights }, randomBytes(1)), IssueError);
  }
  assert.throws(() => issueKey(authority(), { ...order, name: "" }, randomBytes(1)), IssueError);
});

test("one changed bit anywhere in a certificate, or another holder's key, is a fault", () => {
  const good = key();
  for (let i = 1; i < 114; i++) {
    const certificate = good.certificate.slice();
    certificate[i] = (certificate[i] ?? 0) ^ (1 << (i % 8));
    const bent = { ...good, certificate, body: decodeCertificate(certificate) };
    assert.match(keyFault(bent) ?? "", /not signed by its authority/, `byte ${i}`);
  }
  assert.match(keyFault({ ...good, privateKey: key("Bob", UID, 5).privateKey }) ?? "", /private key/);
});

test("keys.json comes back as it was written; a renewed key takes the place of the old one", () => {
  const keys = [key("Ada"), key("Bob"), key("Ada", ANY_BOARD)];
  assert.deepEqual(parseKeys("keys.json", formatKeys(keys)), keys);
  assert.deepEqual(keys.map(({ body }) => boardText(body)).slice(1), [boardText(key().body), "any"]);
  const renewed = key("Ada", UID, 77);
  assert.deepEqual(addKey(keys, renewed), [keys[1], keys[2], renewed]);
});

test("keys.json: what is wrong is told with file, place, what was expected and what was found", () => {
  const whole = JSON.parse(formatKeys([key(), key("Bob")])) as {
    keys: [Record<string, unknown>, Record<string, unknown>];
    [field: string]: unknown;
  };
  const second = whole.keys[1];
  const cases: [object | string, RegExp][] = [
    ["", /^k\.json: expected JSON, found something else$/],
    ["[]", /^k\.json: expected an object, found a list of 0$/],
    [{ ...whole, format: "keys" }, /^k\.json: format: expected "imflasher-keys", found "keys"$/],
    [{ ...whole, version: 2 }, /version: expected 1, found 2: made by a newer imflasher/],
    [{ ...whole, more: 1 }, /expected only the fields format, version, keys, found also "more"/],
    [{ ...whole, keys: {} }, /keys: expected a list, found an object/],
    [{ ...whole, keys: [1] }, /keys\[0\]: expected an object, found 1/],
    [{ ...whole, keys: [whole.keys[0], { ...second, name: 7 }] }, /keys\[1\]\.name: expected a text/],
    [
      { ...whole, keys: [{ ...second, privateKey: "abcd" }] },
      /privateKey: expected 64 hexadecimal digits, found a text of 4 characters/,
    ],
    [
      { ...whole, keys: [{ ...second, certificate: "00".repeat(114) }] },
      /keys\[0\]\.certificate: expected a certificate .*, found certificate version 0; expected 1/,
    ],
  ];
  for (const [content, message] of cases) {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    assert.throws(() => parseKeys("k.json", text), { name: "KeysFileError", message }, text.slice(0, 60));
  }
});

test("no message quotes a private key", () => {
  const text = formatKeys([key()]);
  const secret = (JSON.parse(text) as { keys: { privateKey: string }[] }).keys[0]?.privateKey ?? "";
  const broken = [
    text.replace(`"${secret}"`, `"${secret.slice(0, 20)}"`),
    text.replace(`"${secret}"`, secret),
  ];
  for (const wrong of broken) {
    assert.throws(
      () => parseKeys("keys.json", wrong),
      (error: Error) => error instanceof KeysFileError && !error.message.includes(secret.slice(0, 8)),
    );
  }
});

const PARSERS = { keys: parseKeys, authority: parseAuthority, signature: parseSignature };

test("any text gives a result or a KeysFileError, never anything else", () => {
  const good = [
    formatKeys([key()]),
    formatAuthority(newAuthority(randomBytes(1))),
    formatAuthority(newAuthority(randomBytes(1), { passphrase: "x", cost: COST })),
    formatSignature(signApplication({ address: 0, bytes: Uint8Array.of(1) }, authority())),
  ];
  const bent = fc
    .tuple(fc.constantFrom(...good), fc.nat(2000), fc.nat(30), fc.string({ maxLength: 12 }))
    .map(
      ([text, at, cut, put]) => text.slice(0, at % text.length) + put + text.slice((at % text.length) + cut),
    );
  const formats = fc.constantFrom("imflasher-keys", "imflasher-authority", "imflasher-signature");
  const shaped = fc
    .tuple(formats, fc.dictionary(fc.constantFrom("keys", "publicKey", "locked", "address"), fc.jsonValue()))
    .map(([format, rest]) => JSON.stringify({ format, version: 1, ...rest }));
  for (const parse of Object.values(PARSERS)) {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), bent, shaped), (text) => {
        try {
          parse("file", text);
        } catch (error) {
          assert.ok(error instanceof KeysFileError, String(error));
          assert.equal(error.file, "file");
        }
      }),
      { numRuns: 500 },
    );
  }
});

test("an authority's key lies in its file, in the clear or under a passphrase", () => {
  const plain = newAuthority(randomBytes(4));
  assert.deepEqual(parseAuthority("a", formatAuthority(plain)), plain);
  assert.ok(!isLocked(plain));
  const locked = newAuthority(randomBytes(4), { passphrase: "grün", cost: COST });
  const text = formatAuthority(locked);
  assert.ok(isLocked(locked));
  assert.ok(!text.includes(Buffer.from(unlockAuthority(plain, "").privateKey).toString("hex")));
  const read = parseAuthority("a", text);
  assert.deepEqual(read, locked);
  assert.deepEqual(unlockAuthority(read, "gru\u0308n"), unlockAuthority(plain, ""));
  assert.throws(() => unlockAuthority(read, "blau"), PassphraseError);
  assert.throws(() => unlockAuthority({ ...read, publicKey: UID }, "grün"), PassphraseError);
});

test("an authority's file that does not agree with itself, or costs too much to open, is refused", () => {
  const plain = JSON.parse(formatAuthority(newAuthority(randomBytes(4)))) as object;
  const other = JSON.stringify({ ...plain, publicKey: "00".repeat(32) });
  assert.throws(() => parseAuthority("a", other), /privateKey: expected the private key of publicKey/);
  const cost = { passphrase: "x", cost: COST };
  const locked = JSON.parse(formatAuthority(newAuthority(randomBytes(4), cost))) as { locked: object };
  for (const [field, value] of [
    ["logN", 30],
    ["kdf", "md5"],
    ["cipher", "none"],
  ] as const) {
    const text = JSON.stringify({ ...locked, locked: { ...locked.locked, [field]: value } });
    assert.throws(() => parseAuthority("a", text), new RegExp(`locked\\.${field}: expected`));
  }
});

test("the default cost opens what it locked", () => {
  const file = newAuthority(randomBytes(4), { passphrase: "long enough" });
  assert.equal(DEFAULT_COST.logN, 17);
  assert.deepEqual(unlockAuthority(file, "long enough"), authority(4));
});

test("a signature holds for its bytes, its address and its authority", () => {
  const application = { address: 0x9010_0000, bytes: Uint8Array.from({ length: 3000 }, (_, i) => i & 0xff) };
  const signed = signApplication(application, authority());
  assert.deepEqual(parseSignature("app.sig", formatSignature(signed)), signed);
  checkSignature("app.sig", signed, application);
  const bytes = application.bytes.slice();
  bytes[2999] = 1;
  const cases: [typeof signed, typeof application, RegExp][] = [
    [signed, { ...application, address: 0x9020_0000 }, /app\.sig: signed for 0x90100000, not 0x90200000/],
    [signed, { ...application, bytes }, /not what was signed: expected 3000 bytes with SHA-256/],
    [signed, { ...application, bytes: bytes.subarray(0, 10) }, /found 10 with/],
    [{ ...signed, authority: authority(3).publicKey }, application, /is not its authority's/],
  ];
  for (const [signature, what, message] of cases) {
    assert.throws(
      () => checkSignature("app.sig", signature, what),
      (error: Error) => error instanceof SignatureError && message.test(error.message),
    );
  }
});

test("days: a certificate ends when its day begins, in UTC", () => {
  const day = parseDay("2027-01-31") ?? 0;
  assert.equal(dayText(day), "2027-01-31");
  assert.equal(parseDay("never"), 0);
  assert.equal(dayText(0), "never");
  for (const wrong of ["2027-02-30", "31.1.2027", "2027-1-31", "", "1970-01-01", "1960-01-01"]) {
    assert.equal(parseDay(wrong), undefined, wrong);
  }
  const begin = Date.UTC(2027, 0, 31);
  assert.equal(dayOf(begin), day);
  assert.deepEqual(
    [isExpired(day, begin - 1), isExpired(day, begin), isExpired(0, begin)],
    [false, true, false],
  );
  assert.equal(dayText(0xffffffff), "day 4294967295");
});
