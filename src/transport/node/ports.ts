import { readdir, readFile, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Timers } from "../../protocol/transport.js";
import { NoBoardError, SeveralBoardsError } from "./errors.js";
import { sleep } from "./timers.js";
import { USB_PRODUCT_ID, USB_VENDOR_ID } from "./usb-ids.js";

/** A serial port that a bootloader shows. */
export interface BoardPort {
  readonly path: string;
  /** USB serial number: the board id. */
  readonly serial: string | undefined;
}

interface UsbPort extends BoardPort {
  readonly vendor: number;
  readonly product: number;
}

/** Where Linux lists its terminals. */
const SYSFS_TTY = "/sys/class/tty";

/**
 * The ports of all boards that are present, ordered by path.
 * @param sysfs folder that lists the terminals; undefined asks the serialport package, as other systems must
 */
export async function listPorts(
  sysfs: string | undefined = process.platform === "linux" ? SYSFS_TTY : undefined,
): Promise<BoardPort[]> {
  const ports = sysfs === undefined ? await listByPackage() : await listBySysfs(sysfs);
  return ports
    .filter(({ vendor, product }) => vendor === USB_VENDOR_ID && product === USB_PRODUCT_ID)
    .map(({ path, serial }) => ({ path, serial }))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
}

async function listByPackage(): Promise<UsbPort[]> {
  const { SerialPort } = await import("serialport");
  return (await SerialPort.list()).map(({ path, serialNumber, vendorId, productId }) => ({
    path,
    serial: serialNumber,
    vendor: Number.parseInt(vendorId ?? "", 16),
    product: Number.parseInt(productId ?? "", 16),
  }));
}

/** Read directly: the package runs "udevadm", which takes long for a poll and is missing in many containers. */
async function listBySysfs(sysfs: string): Promise<UsbPort[]> {
  const names = await readdir(sysfs).catch(() => []);
  const ports = await Promise.all(
    names.filter((name) => name.startsWith("ttyACM")).map((name) => readSysfsPort(sysfs, name)),
  );
  return ports.filter((port) => port !== undefined);
}

/** Undefined when the board goes away while it is read. */
async function readSysfsPort(sysfs: string, name: string): Promise<UsbPort | undefined> {
  try {
    const device = dirname(await realpath(join(sysfs, name, "device")));
    const text = async (file: string) => (await readFile(join(device, file), "utf8")).trim();
    return {
      path: `/dev/${name}`,
      serial: await text("serial").catch(() => undefined),
      vendor: Number.parseInt(await text("idVendor"), 16),
      product: Number.parseInt(await text("idProduct"), 16),
    };
  } catch {
    return undefined;
  }
}

export interface WaitOptions {
  /** Which boards count; all when undefined. */
  readonly matches?: ((port: BoardPort) => boolean) | undefined;
  /** What is waited for, for messages: "a board", "board 1234…". */
  readonly what: string;
  /** Milliseconds; Infinity waits for ever. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  readonly timers: Timers;
  list(): Promise<readonly BoardPort[]>;
  /** Milliseconds between two looks. */
  readonly pollInterval: number;
  /** Called once, when the first look finds nothing. */
  onWaiting?(): void;
}

/**
 * Waits until exactly one board that counts is present.
 * @throws NoBoardError when the time is over, SeveralBoardsError, or the signal's reason
 */
export async function waitForPort(options: WaitOptions): Promise<BoardPort> {
  const { matches = () => true, what, timeout, signal, timers, pollInterval } = options;
  const end = timers.now() + timeout;
  let waiting = false;
  for (;;) {
    signal?.throwIfAborted();
    const present = await options.list();
    const found = present.filter(matches);
    const [port] = found;
    if (found.length > 1) throw new SeveralBoardsError(found);
    if (port !== undefined) return port;
    if (timers.now() >= end) throw new NoBoardError(noBoardMessage(what, timeout, present));
    if (!waiting) options.onWaiting?.();
    waiting = true;
    await sleep(timers, Math.min(pollInterval, Math.max(end - timers.now(), 1)), signal);
  }
}

function noBoardMessage(what: string, timeout: number, present: readonly BoardPort[]): string {
  const others = present.map(({ path, serial }) => `${serial ?? "(no board id)"} at ${path}`).join(", ");
  return (
    `${what} did not appear within ${timeout / 1000} s: ` +
    `plug the board in or press its reset button, and check the cable; present: ${others || "none"}`
  );
}
