/**
 * The board's USB sockets with one host between them: it meets the core that pulls up first, and the other one when
 * that leaves. Boards have one or two sockets; which core is behind them is the firmware's choice.
 */

import type {
  DataToggle,
  Handshake,
  InAnswer,
  LpmAnswer,
  UsbDevicePort,
  UsbPortListener,
} from "../usb-port.js";

export interface Socket {
  readonly port: UsbDevicePort;
  /** The host sent a start of frame to it (CRS listens). */
  readonly onSof: () => void;
}

export class UsbSockets implements UsbDevicePort {
  readonly #sockets: readonly Socket[];
  #listener: UsbPortListener | undefined;
  #used: Socket | undefined;

  constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets;
  }

  get pullUp(): boolean {
    return this.#used !== undefined;
  }

  plug(listener: UsbPortListener): void {
    this.#listener = listener;
    for (const socket of this.#sockets) {
      const ofUsed = (tell: () => void): void => {
        if (this.#used === socket) tell();
      };
      socket.port.plug({
        pullUpChanged: () => this.#choose(),
        mayBeReady: () => ofUsed(() => listener.mayBeReady()),
        remoteWakeup: () => ofUsed(() => listener.remoteWakeup()),
      });
    }
    this.#used = this.#sockets.find(({ port }) => port.pullUp);
  }

  unplug(): void {
    this.#listener = undefined;
    for (const { port } of this.#sockets) port.unplug();
    this.#used = undefined;
  }

  #choose(): void {
    const listener = this.#listener;
    if (listener === undefined || this.#used?.port.pullUp === true) return;
    if (this.#used !== undefined) {
      this.#used = undefined;
      listener.pullUpChanged(false);
    }
    this.#used = this.#sockets.find(({ port }) => port.pullUp);
    if (this.#used !== undefined) listener.pullUpChanged(true);
  }

  busReset(active: boolean): void {
    this.#used?.port.busReset(active);
  }

  sof(frame: number): void {
    this.#used?.port.sof(frame);
    this.#used?.onSof();
  }

  resume(): void {
    this.#used?.port.resume();
  }

  setup(address: number, endpoint: number, bytes: Uint8Array): Handshake {
    return this.#used?.port.setup(address, endpoint, bytes) ?? "none";
  }

  out(address: number, endpoint: number, toggle: DataToggle, bytes: Uint8Array): Handshake {
    return this.#used?.port.out(address, endpoint, toggle, bytes) ?? "none";
  }

  in(address: number, endpoint: number): InAnswer {
    return this.#used?.port.in(address, endpoint) ?? "none";
  }

  inAcknowledged(address: number, endpoint: number): void {
    this.#used?.port.inAcknowledged(address, endpoint);
  }

  lpm(address: number, attributes: number): LpmAnswer {
    return this.#used?.port.lpm(address, attributes) ?? "none";
  }
}
