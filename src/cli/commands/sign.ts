import { fillGaps } from "../../image/segments.js";
import { formatSignature, signApplication } from "../../keys/app-signature.js";
import { fingerprint } from "../../keys/ed25519.js";
import { hex32, hexBytes } from "../../protocol/hex.js";
import type { RunCommand } from "../command.js";
import { UsageError } from "../errors.js";
import { readImage, splitAddressAndFile, writeResult } from "../files.js";
import { readAuthority, unlock } from "../key-files.js";
import { formatBytes } from "../progress-bar.js";
import { signaturePath } from "../signed.js";

export const run: RunCommand = async ({ io, reporter }, args, options) => {
  const what = splitAddressAndFile(args);
  const [application] = fillGaps(await readImage(io, what)).segments;
  if (application === undefined)
    throw new UsageError(`${what.file}: expected a program, found nothing to sign`);
  const authority = await unlock(io, await readAuthority(io, options["authority"]));
  const signed = signApplication(application, authority);
  const out = typeof options["out"] === "string" ? options["out"] : signaturePath(what.file);
  await writeResult(io, out, new TextEncoder().encode(formatSignature(signed)));
  const { address, length } = signed;
  const print = fingerprint(signed.authority);
  reporter.result("sign", {
    data: { file: out, authority: print, address, length, sha256: hexBytes(signed.sha256) },
    lines: [
      `${out}: ${formatBytes(length)} at ${hex32(address)} signed by ${print}`,
      `SHA-256 ${hexBytes(signed.sha256)}`,
    ],
  });
};
