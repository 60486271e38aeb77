/** Damages the packets of a CDC port, each fault at its packet, and counts what it did. */
import type { LinkFault } from "../../src/emulator/usb/cdc.js";
import type { Direction, Fault, FaultKind, PacketFault } from "./faults.js";

const PACKET = 64;

type LinkDamage = Extract<Fault, { readonly kind: PacketFault }>;

const KINDS: readonly FaultKind[] = ["drop", "duplicate", "corrupt", "reorder", "truncate"];

function isLinkDamage(fault: Fault): fault is LinkDamage {
  return KINDS.includes(fault.kind);
}

class Lane {
  readonly #faults: readonly LinkDamage[];
  readonly #fired: (kind: FaultKind) => void;
  #packets = 0;
  /** A packet that comes behind the next. */
  #held: Uint8Array | undefined;

  constructor(faults: readonly LinkDamage[], fired: (kind: FaultKind) => void) {
    this.#faults = faults;
    this.#fired = fired;
  }

  pass(bytes: Uint8Array): Uint8Array {
    const out: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += PACKET) {
      const packet = bytes.slice(at, at + PACKET);
      const fault = this.#faults.find(({ packet: index }) => index === this.#packets);
      this.#packets++;
      const held = this.#held;
      this.#held = undefined;
      if (fault === undefined) out.push(packet);
      else this.#damage(packet, fault, out);
      if (held !== undefined) out.push(held);
    }
    return new Uint8Array(Buffer.concat(out));
  }

  #damage(packet: Uint8Array, { kind, at, mask }: LinkDamage, out: Uint8Array[]): void {
    this.#fired(kind);
    const index = Math.floor(at * packet.length);
    if (kind === "duplicate") out.push(packet, packet);
    if (kind === "truncate") out.push(packet.slice(0, index));
    if (kind === "reorder") this.#held = packet;
    if (kind === "corrupt") {
      packet[index] = (packet[index] ?? 0) ^ mask;
      out.push(packet);
    }
  }
}

/** @param enabled false: everything passes. */
export function damagedLink(
  faults: readonly Fault[],
  fired: (kind: FaultKind) => void,
  enabled: () => boolean,
): LinkFault {
  const lane = (direction: Direction) =>
    new Lane(
      faults.filter(isLinkDamage).filter((fault) => fault.direction === direction),
      fired,
    );
  const [toDevice, toHost] = [lane("toDevice"), lane("toHost")];
  return {
    toDevice: (bytes) => (enabled() ? toDevice.pass(bytes) : bytes),
    toHost: (bytes) => (enabled() ? toHost.pass(bytes) : bytes),
  };
}
