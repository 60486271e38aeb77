/** What a third party computed: vectors/access.txt. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "@noble/hashes/sha2.js";
import { ROOT } from "../../test/tools/root.js";
import { bytesOfHex, hexBytes } from "../protocol/hex.js";
import { checkSignature, signApplication } from "./app-signature.js";
import { CertificateError, decodeCertificate, isSignedBy, signCertificate } from "./certificate.js";
import { keyPair, verifyTagged } from "./ed25519.js";
import { signProof } from "./proof.js";

type Vector = {
  readonly name: string;
  readonly field: (name: string) => string;
  readonly has: (name: string) => boolean;
};

function vectors(kind: string): Vector[] {
  const lines = readFileSync(join(ROOT, "vectors", "access.txt"), "utf8").split("\n");
  const words = lines.map((line) => line.split(" ")).filter(([first]) => first === kind);
  assert.ok(words.length > 0, kind);
  return words.map(([, name = "", ...rest]) => {
    const fields = new Map(rest.map((word) => [word.split("=")[0] ?? "", word.split("=")[1] ?? ""]));
    const field = (wanted: string) => fields.get(wanted) ?? assert.fail(`${kind} ${name}: ${wanted}`);
    return { name, field, has: (wanted) => fields.has(wanted) };
  });
}

const hex = (text: string): Uint8Array =>
  text === "-" ? new Uint8Array(0) : (bytesOfHex(text) ?? assert.fail(text));

/** Private keys by public key: who plays in the vectors. */
const SECRETS = new Map(vectors("key").map(({ field }) => [field("public"), hex(field("secret"))]));

const secretOf = (publicKey: string): Uint8Array => SECRETS.get(publicKey) ?? assert.fail(publicKey);

test("Ed25519: good signatures hold, bad ones do not, keys and signatures come out", () => {
  for (const { name, field, has } of vectors("ed25519")) {
    const [publicKey, message, signature] = [field("public"), field("message"), field("signature")].map(hex);
    assert.ok(publicKey !== undefined && message !== undefined && signature !== undefined);
    assert.equal(verifyTagged("", [message], signature, publicKey), field("expected") === "good", name);
    if (has("secret")) assert.equal(hexBytes(keyPair(hex(field("secret"))).publicKey), field("public"), name);
  }
  for (const [publicKey, secret] of SECRETS) assert.equal(hexBytes(keyPair(secret).publicKey), publicKey);
});

test("SHA-256: FIPS 180's examples", () => {
  for (const { name, field } of vectors("sha256")) {
    const hash = sha256.create();
    for (let i = 0; i < Number(field("repeat")); i++) hash.update(hex(field("message")));
    assert.equal(hexBytes(hash.digest()), field("digest"), name);
  }
});

test("certificates: the good ones are made byte for byte, the others are not taken", () => {
  for (const { name, field } of vectors("certificate")) {
    const certificate = hex(field("certificate"));
    const authority = hex(field("authority"));
    const known = field("version") === "1";
    if (!known) assert.throws(() => decodeCertificate(certificate), CertificateError, name);
    assert.equal(known && isSignedBy(certificate, authority), field("expected") === "OK", name);
    if (!known) continue;
    const body = decodeCertificate(certificate);
    for (const number of ["rights", "expiry"] as const)
      assert.equal(body[number], Number(field(number)), name);
    for (const bytes of ["board", "holder"] as const) assert.equal(hexBytes(body[bytes]), field(bytes), name);
    if (field("expected") !== "OK") continue;
    assert.equal(hexBytes(signCertificate(body, secretOf(field("authority")))), field("certificate"), name);
  }
});

test("proofs: the good ones are made byte for byte", () => {
  const certificates = new Map(vectors("certificate").map(({ name, field }) => [name, field("certificate")]));
  const good = vectors("proof").filter(({ field }) => field("expected") === "OK");
  assert.ok(good.length > 4);
  for (const { name, field } of good) {
    const certificate = hex(certificates.get(field("certificate")) ?? assert.fail(name));
    const statement = {
      nonce: hex(field("nonce")),
      uid: hex(field("uid")),
      version: Number(field("version")),
      session: Number(field("session")),
      certificate,
    };
    const { holder } = decodeCertificate(certificate);
    assert.equal(hexBytes(signProof(statement, secretOf(hexBytes(holder)))), field("proof"), name);
  }
});

test("applications: the good ones are signed byte for byte, the others are refused", () => {
  for (const { name, field } of vectors("application")) {
    const bytes = hex(field("bytes"));
    const authority = hex(field("owner"));
    const application = { address: Number(field("addr")), bytes };
    const signature = hex(field("signature"));
    const statement = { ...application, authority, length: bytes.length, sha256: sha256(bytes), signature };
    const check = () => checkSignature(name, statement, application);
    if (field("expected") !== "OK") {
      assert.throws(check, { name: "SignatureError" }, name);
      continue;
    }
    check();
    const privateKey = secretOf(field("owner"));
    const made = signApplication(application, { publicKey: authority, privateKey });
    assert.equal(hexBytes(made.signature), field("signature"), name);
  }
});
