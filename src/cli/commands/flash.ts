import { boot, type Connection, type FlashReport, flashImage } from "../../flasher/index.js";
import type { Image } from "../../image/image.js";
import { fillGaps } from "../../image/segments.js";
import { hex32 } from "../../protocol/hex.js";
import { accessJson, type BoardAccess, describeGrant, describeOwner } from "../board-access.js";
import { withBoard } from "../board-job.js";
import type { CommandContext, RunCommand } from "../command.js";
import { type AddressAndFile, readImage, splitAddressAndFile } from "../files.js";
import { formatBytes } from "../progress-bar.js";
import { onEachBoard, targetsOf } from "../several.js";
import { readSigned, type SignedBy, signatureFor } from "../signed.js";

const AFTER_INTERRUPT =
  ": what was begun is not lost: the board stays in its bootloader; run the same command again to complete it";

export const run: RunCommand = async (context, args, options) => {
  const what = splitAddressAndFile(args);
  if (what.file === "") return greet(context, what.address);
  // Read before a board is looked for: a bad file must not cost a wait, or a board.
  const read = await readImage(context.io, what);
  const signed = await readSigned(context.io, what.file, options["signature"], read);
  const image = signed === undefined ? read : fillGaps(read);
  const flash = (board: CommandContext) =>
    withBoard(
      board,
      (connection, access) => flashAndBoot(board, { connection, access }, { image, what, signed }, options),
      { afterInterrupt: AFTER_INTERRUPT },
    );
  const targets = await targetsOf(context, options["all"] === true);
  if (targets === undefined) await flash(context);
  else await onEachBoard(context, "flash", targets, flash);
};

/** `flash ADDR ""`: who is there, and what to do with the answer. */
function greet(context: CommandContext, address: number | undefined): Promise<void> {
  const command = `  imflasher flash ${address === undefined ? "" : `${hex32(address)} `}FILE`;
  return withBoard(
    context,
    async ({ session }, access) => {
      const { boardId } = session.hello;
      const { grant } = access;
      const whose = `This board is ${describeOwner(grant.access)}`;
      const hint = grant.kind === "ready" ? `; ${describeGrant(grant)}` : "";
      context.reporter.result("flash", {
        data: { boardId, access: accessJson(grant) },
        lines: [
          `BOARD ID: ${boardId}`,
          ...(grant.kind === "locked"
            ? [`${whose}.`, access.whichKey(grant)]
            : [`${whose}${hint}. Write a program into it with:`, command]),
        ],
      });
    },
    { login: "look" },
  );
}

interface Program {
  readonly image: Image;
  readonly what: AddressAndFile;
  readonly signed: SignedBy | undefined;
}

async function flashAndBoot(
  context: CommandContext,
  { connection, access }: { readonly connection: Connection; readonly access: BoardAccess },
  { image, what, signed }: Program,
  options: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { io, reporter } = context;
  const { boardId } = connection.session.hello;
  const address = what.address ?? image.segments[0]?.address;
  const boots = options["boot"] !== false && address !== undefined;
  access.require(boots ? ["flash", "boot"] : ["flash"], boots ? " Or leave it unstarted: --no-boot." : "");
  const signature = signatureFor(access.grant, signed, boots, (text) => reporter.note(text));
  reporter.note(`board ${boardId} at ${connection.session.transport.name}`);
  const report = await flashImage(connection, image, {
    onProgress: (progress) => reporter.progress(progress),
    signal: io.signal,
    unprotect: options["unprotect"] === true,
    ...(signature !== undefined && { signature }),
    ...(boots && { bootAddress: address }),
  });
  if (boots) {
    reporter.progress({ phase: "boot", done: 0, total: 0 });
    await boot(connection, address);
  }
  reporter.result("flash", {
    data: { boardId, file: what.file, format: image.format, ...report, booted: boots ? address : null },
    lines: describe(what.file, report, boots ? address : undefined),
  });
}

function describe(file: string, report: FlashReport, booted: number | undefined): string[] {
  const { imageBytes, erasedBytes, programmedBytes, unchangedBytes, milliseconds, reconnects } = report;
  const counts = [
    `${formatBytes(erasedBytes)} erased`,
    `${formatBytes(programmedBytes)} programmed`,
    `${formatBytes(unchangedBytes)} were right already`,
    ...(reconnects === 0 ? [] : [`link opened anew ${reconnects} times`]),
  ];
  return [
    `${file}: ${formatBytes(imageBytes)} at ${hex32(report.address)} in ${(milliseconds / 1000).toFixed(1)} s: ${counts.join(", ")}`,
    ...report.digests.map(
      ({ address, sha256 }) => `verified on the board: ${hex32(address)} SHA-256 ${sha256}`,
    ),
    booted === undefined
      ? 'the board stays in its bootloader: start the program with "imflasher boot"'
      : `started at ${hex32(booted)}`,
  ];
}
