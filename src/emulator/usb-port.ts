/**
 * The cable between a full-speed USB host and a device controller, at the level of tokens. The controller
 * (a peripheral) implements `UsbDevicePort`; the host model drives it. Timing is the host's business: a call
 * happens at the instant of board time at which the device would see the end of the packet.
 */

export type DataToggle = 0 | 1;

/**
 * What comes back for a packet. `none`: no device answers to that address and endpoint, or it is off; or the endpoint is
 * isochronous, which never answers.
 */
export type Handshake = "ack" | "nak" | "stall" | "none";

/** To a Link Power Management token. */
export type LpmAnswer = "ack" | "nyet" | "stall" | "none";

/** bmAttributes of that token (ECN "USB 2.0 Link Power Management", table 2-3, and its errata for BESL). */
export const LPM_ATTRIBUTES = { LINK_STATE: 0xf, BESL_SHIFT: 4, REMOTE_WAKE: 1 << 8 } as const;

export interface InPacket {
  readonly toggle: DataToggle;
  /** The receiver's to keep. */
  readonly bytes: Uint8Array;
}

export type InAnswer = InPacket | "nak" | "stall" | "none";

/** What the host's end of the cable hears. */
export interface UsbPortListener {
  /** The device's pull-up on D+ went on (attach) or off (detach). */
  pullUpChanged(on: boolean): void;
  /**
   * Something changed that may let an endpoint answer that said NAK before. Lets a host that would retry all
   * the time skip the retries that must fail; called only after a NAK, once each.
   */
  mayBeReady(): void;
  /** The device drives resume signalling on a suspended bus. */
  remoteWakeup(): void;
}

export interface UsbDevicePort {
  /** The device pulls D+ up: it wants to be seen. */
  readonly pullUp: boolean;
  /** A host with VBUS on is at the other end of the cable. */
  plug(listener: UsbPortListener): void;
  unplug(): void;
  /** Reset signalling (SE0 for 10 ms or more) begins or ends. */
  busReset(active: boolean): void;
  /** Start of frame, every ms. @param frame 11-bit frame number. */
  sof(frame: number): void;
  /** Resume signalling (K) begins on a suspended bus. */
  resume(): void;
  setup(address: number, endpoint: number, bytes: Uint8Array): Handshake;
  out(address: number, endpoint: number, toggle: DataToggle, bytes: Uint8Array): Handshake;
  in(address: number, endpoint: number): InAnswer;
  /** The host's ACK for the data that `in` returned; of an isochronous endpoint, which gets none, the packet's end. */
  inAcknowledged(address: number, endpoint: number): void;
  /** LPM token to endpoint 0. After an ACK both ends have the bus sleep (L1): no more frames. */
  lpm(address: number, attributes: number): LpmAnswer;
}
