import { type BoardReport, boardInfo } from "../../flasher/index.js";
import type { Grant } from "../../keys/proof.js";
import { BoardError } from "../../protocol/errors.js";
import { hex32, hexBytes } from "../../protocol/hex.js";
import { type Range, STAY_REASONS } from "../../protocol/messages.js";
import { accessJson, describeGrant, describeOwner, describePolicy } from "../board-access.js";
import { withBoard } from "../board-job.js";
import type { RunCommand } from "../command.js";
import { formatBytes } from "../progress-bar.js";
import type { JsonValue } from "../reporter.js";

/** Why a board is in its bootloader, for people: docs/protocol.md section 8. */
const REASONS: Readonly<Record<string, string>> = {
  REQUEST: "it was asked to stay",
  NO_FLASH: "its flash chip does not answer or is unknown",
  UNFINISHED: "a flashing was begun and not finished",
  ADDRESS: "the boot address is outside the application region",
  NOT_BOOTABLE: "there is no application at the boot address",
  HOST: "imflasher took it before its application started",
  FAULT: "a fault of the bootloader itself made it start again",
  LOG_BROKEN: "its log of boot address, owner and policy was changed by something else",
  UNSIGNED: "its owner's policy wants a signed application, and this one is not or was changed",
};

export const run: RunCommand = (context) =>
  withBoard(context, async (connection, access) => {
    const { grant } = access;
    const port = connection.session.transport.name;
    const report = await boardInfo(connection);
    if (grant.kind === "locked") context.reporter.note(access.whichKey(grant));
    context.reporter.result("info", {
      data: {
        port,
        ...(toJson(report) as { readonly [key: string]: JsonValue }),
        access: accessJson(grant),
      },
      lines: describe(report, port, grant),
    });
  });

function describe(report: BoardReport, port: string, grant: Grant): string[] {
  const { boardId, hello, info } = report;
  const reason = STAY_REASONS[info.reason] ?? `${info.reason}`;
  const rows: [string, string][] = [
    ["board id", boardId],
    ["port", port],
    ["board", info.board],
    ["bootloader", `${info.firmware}, protocol ${hello.version}`],
    ["in bootloader", `${reason}: ${REASONS[reason] ?? "unknown to this imflasher"}`],
    [
      "chip",
      `device ${hex32(info.device)}, unique id ${hexBytes(info.uid)}, reset cause ${hex32(info.reset)}`,
    ],
    ["clocks", `CPU ${info.cpuHz / 1e6} MHz, QUADSPI ${info.qspiHz / 1e6} MHz`],
    ...accessRows(grant),
    ...flashRows(report),
    ...statusRows(report),
    ["boot address", bootAddressText(report)],
  ];
  if (info.unfinished !== 0) {
    rows.push(["unfinished", rangeText({ address: info.unfinishedAddress, length: info.unfinishedLength })]);
  }
  if (info.doubtLength !== 0) {
    const range = rangeText({ address: info.doubtAddress, length: info.doubtLength });
    rows.push(["in doubt", `${range}: cells may be half written; the next flash erases them first`]);
  }
  return rows.map(([name, text]) => `${name.padEnd(14)} ${text}`);
}

function accessRows(grant: Grant): [string, string][] {
  const { access } = grant;
  const rows: [string, string][] = [["owner", describeOwner(access)]];
  if (access === undefined) return rows;
  if (grant.kind !== "open")
    rows.push(["key", describeGrant(grant)], ["policy", describePolicy(access.policy)]);
  rows.push(["read-out", `protection level ${access.rdp}`]);
  return rows;
}

function rangeText({ address, length }: Range): string {
  return `${hex32(address)} to ${hex32(address + length - 1)}, ${formatBytes(length)}`;
}

function flashRows({ geometry }: BoardReport): [string, string][] {
  if (geometry instanceof BoardError) return [["flash chip", geometry.message]];
  const { base, size, jedec, uniqueId, uniqueIdLength, eraseSizes, page } = geometry;
  const unique = uniqueIdLength === 0 ? "" : `, unique id ${hexBytes(uniqueId.subarray(0, uniqueIdLength))}`;
  return [
    ["flash chip", `JEDEC id ${hexBytes(jedec)}${unique}`],
    ["flash", rangeText({ address: base, length: size })],
    [
      "erase sizes",
      eraseSizes.map(({ size, typicalUs }) => `${formatBytes(size)} ${typicalUs / 1000} ms`).join(", "),
    ],
    ["page", `${page} bytes, ${geometry.programTypicalUs / 1000} ms`],
    ["applications", rangeText(geometry.application)],
    ...geometry.reserved.map((region): [string, string] => ["reserved", rangeText(region)]),
  ];
}

function statusRows({ status }: BoardReport): [string, string][] {
  if (status instanceof BoardError) return [["status", status.message]];
  const { status1, status2, status3, uptimeMs, erased, programmed, frames, bad } = status;
  return [
    ["chip status", hexBytes(Uint8Array.of(status1, status2, status3))],
    [
      "since reset",
      `${(uptimeMs / 1000).toFixed(1)} s, ${erased} erases, ${programmed} pages, ${frames} frames, ${bad} bad`,
    ],
  ];
}

function bootAddressText({ bootAddress }: BoardReport): string {
  if (bootAddress instanceof BoardError) {
    return bootAddress.codeName === "DENIED"
      ? 'told only to a key with the right "boot"'
      : bootAddress.message;
  }
  const { address, free, capacity } = bootAddress;
  return `${hex32(address)}; it can be changed ${free} of ${capacity} times more`;
}

/** Bytes as hexadecimal text, refusals as their name and message. */
function toJson(value: unknown): JsonValue {
  if (value instanceof Uint8Array) return hexBytes(value);
  if (value instanceof BoardError)
    return { error: value.codeName ?? hex32(value.code), message: value.message };
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
  }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}
