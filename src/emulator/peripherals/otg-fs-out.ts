/** OUT endpoints of the USB OTG core without DMA (RM0433, "OUT data transfers", "SETUP and OUT data transfers"). */

import type { DataToggle, Handshake } from "../usb-port.js";
import { Endpoint, type EndpointCore } from "./otg-fs-endpoint.js";
import { ReceiveFifo, receiveStatus } from "./otg-fs-fifo.js";
import { EPCTL, EPINT, PKTSTS, TSIZ } from "./otg-fs-registers.js";

export class OutEndpoint extends Endpoint {
  /** Bytes that the transfer still has room for, on the side of the bus. */
  #room = 0;

  constructor(number: number, core: EndpointCore) {
    super(number, core, "DOEP");
  }

  onControl(written: number, before: number): void {
    if (this.control(written, before)) this.#room = this.size;
    if (this.disables(written, before)) this.#disable();
    this.core.endpointChanged(this.number);
    this.core.mayBeReady();
  }

  /**
   * A bus reset leaves EPENA as it was, and the manual's reset sequence only sets SNAK: a size written then
   * is the normal way to begin again. Without NAK the endpoint may be receiving at this instant.
   */
  onSize(): void {
    if (!this.enabled) return;
    this.#room = this.size;
    if (this.is(EPCTL.NAKSTS)) return;
    const { ctl, tsiz } = this.names;
    this.core.mistake(`${tsiz}.enabled`, `${tsiz}: written while ${ctl} is enabled and does not NAK`);
  }

  #disable(): void {
    if (this.number === 0) {
      this.core.mistake("DOEPCTL0.epdis", "DOEPCTL0: EPDIS has no effect, OUT endpoint 0 cannot be disabled");
      return;
    }
    this.mark(EPCTL.EPDIS, true);
    if (!this.core.globalOutNakEffective) {
      this.core.mistake(
        `${this.names.ctl}.gonak`,
        `${this.names.ctl}: EPDIS without global OUT NAK in effect (GINTSTS.GONAKEFF): waits for it`,
      );
    }
    this.core.afterClocks(() => this.disableIfAllowed());
  }

  /** Completes a pending EPDIS once global OUT NAK is in effect. */
  disableIfAllowed(): void {
    if (this.is(EPCTL.EPDIS) && this.core.globalOutNakEffective) this.finishDisable();
  }

  /** SETUP is taken whatever NAK and STALL say, without looking for room first. */
  setup(bytes: Uint8Array): Handshake {
    const { core } = this;
    if (core.receive.used + ReceiveFifo.wordsFor(8) > core.receiveWords) {
      core.mistake(
        "rxfifo.setup",
        `receive FIFO (${core.receiveWords} words) has no room for a SETUP packet`,
      );
      return "none";
    }
    core.receive.push(receiveStatus(PKTSTS.SETUP_DATA, this.number, 0, core.frame), bytes);
    const count = (core.regs.get(this.names.tsiz) >>> TSIZ.STUPCNT_SHIFT) & 3;
    if (count === 0) {
      core.mistake("DOEPTSIZ0.stupcnt", "SETUP received while DOEPTSIZ0.STUPCNT = 0: set it to 1..3");
    } else {
      core.regs.set(this.names.tsiz, core.regs.get(this.names.tsiz) - (1 << TSIZ.STUPCNT_SHIFT));
    }
    this.mark(EPCTL.NAKSTS, true);
    this.mark(EPCTL.STALL, false);
    this.toggle = 1;
    return "ack";
  }

  packet(toggle: DataToggle, bytes: Uint8Array): Handshake {
    if (this.number > 0 && !this.is(EPCTL.USBAEP)) return "none";
    if (this.is(EPCTL.STALL)) return "stall";
    if (bytes.length > this.maxPacket) {
      this.core.mistake(
        `${this.names.ctl}.babble`,
        `OUT endpoint ${this.number}: packet of ${bytes.length} bytes, MPSIZ is ${this.maxPacket}: no answer`,
      );
      return "none";
    }
    if (!this.#accepts(bytes.length)) return "nak";
    if (toggle !== this.toggle) {
      this.core.mistake(
        `${this.names.ctl}.toggle`,
        `OUT endpoint ${this.number}: DATA${toggle} received, DATA${this.toggle} expected: taken for a repetition and dropped`,
      );
      return "ack";
    }
    this.#store(bytes);
    return "ack";
  }

  #accepts(length: number): boolean {
    const { core } = this;
    // One more word than the packet: its completion has to fit behind it.
    const fits = core.receive.used + ReceiveFifo.wordsFor(length) + 1 <= core.receiveWords;
    const armed = this.enabled && !this.is(EPCTL.NAKSTS) && !core.globalOutNak && this.packets > 0;
    if (armed && fits) return true;
    if (armed && ReceiveFifo.wordsFor(length) + 1 > core.receiveWords) {
      core.mistake(
        "rxfifo.small",
        `GRXFSIZ = ${core.receiveWords} words: a packet of ${length} bytes never fits`,
      );
    }
    this.raise(this.number === 0 && !this.enabled ? EPINT.NAK | EPINT.OTEPDIS : EPINT.NAK);
    return false;
  }

  #store(bytes: Uint8Array): void {
    const { core } = this;
    core.receive.push(receiveStatus(PKTSTS.OUT_DATA, this.number, this.toggle, core.frame), bytes);
    if (bytes.length > this.#room) {
      core.mistake(
        `${this.names.tsiz}.overrun`,
        `${this.names.tsiz}: ${bytes.length} bytes received, XFRSIZ had room for ${this.#room}`,
      );
    }
    this.#room = Math.max(0, this.#room - bytes.length);
    this.subtract(0, 1);
    this.flipToggle();
    if (bytes.length < this.maxPacket || this.packets === 0) {
      this.mark(EPCTL.NAKSTS, true);
      core.receive.push(receiveStatus(PKTSTS.OUT_COMPLETE, this.number, this.toggle, core.frame));
    }
  }

  /** Software popped the status word of a data packet: XFRSIZ counts what was handed over. */
  dataPopped(length: number): void {
    this.subtract(Math.min(length, this.size), 0);
  }

  completePopped(): void {
    this.mark(EPCTL.EPENA, false);
    this.raise(EPINT.XFRC);
  }

  setupDonePopped(): void {
    this.mark(EPCTL.EPENA, false);
    this.raise(EPINT.STUP);
  }
}
