/**
 * OUT endpoints of the USB OTG core (RM0433, "OUT data transfers", "SETUP and OUT data transfers"): packets go into the
 * receive FIFO, or by DMA into memory.
 */

import type { DataToggle, Handshake } from "../../usb-port.js";
import { Endpoint, type EndpointCore } from "./otg-fs-endpoint.js";
import { dataPidOf, ReceiveFifo, receiveStatus } from "./otg-fs-fifo.js";
import { EPCTL, EPINT, PKTSTS, TSIZ } from "./otg-fs-registers.js";

/** SETUP packets in a row that are within the specification. */
const MOST_SETUPS = 3;

export class OutEndpoint extends Endpoint {
  /** Bytes that the transfer still has room for, on the side of the bus. */
  #room = 0;
  /** With DMA: a SETUP packet that waits in the FIFO for an enabled endpoint, which tells where to put it. */
  #waitingSetup: Uint8Array | undefined;
  /** With DMA: that packet's setup stage is over. */
  #stageOver = false;
  /** SETUP packets since the last other one. */
  #setups = 0;

  constructor(number: number, core: EndpointCore) {
    super(number, core, "DOEP");
  }

  onControl(written: number, before: number): void {
    if (this.control(written, before)) {
      this.#room = this.size;
      this.#setupByDma();
    }
    if (this.disables(written, before)) this.#disable();
    this.core.endpointChanged(this.number);
    this.core.mayBeReady();
  }

  /**
   * A bus reset leaves EPENA as it was, and the manual's reset sequence only sets SNAK: a size written then
   * is the normal way to begin again. Without NAK the endpoint may be receiving at this instant. STUPCNT of
   * endpoint 0 has to be renewed at any time.
   */
  onSize(): void {
    if (!this.enabled) return;
    this.#room = this.size;
    if (this.is(EPCTL.NAKSTS) || this.number === 0) return;
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
    if (this.core.dma === undefined) {
      if (!this.#setupIntoFifo(bytes)) return "none";
    } else {
      this.#waitingSetup = bytes;
      this.#stageOver = false;
      this.#setupByDma();
    }
    this.#countSetup();
    if (++this.#setups > MOST_SETUPS) this.raise(EPINT.B2BSTUP);
    this.mark(EPCTL.NAKSTS, true);
    this.mark(EPCTL.STALL, false);
    this.toggle = 1;
    return "ack";
  }

  #setupIntoFifo(bytes: Uint8Array): boolean {
    const { core } = this;
    if (core.receive.used + ReceiveFifo.wordsFor(8) > core.receiveWords) {
      core.mistake(
        "rxfifo.setup",
        `receive FIFO (${core.receiveWords} words) has no room for a SETUP packet`,
      );
      return false;
    }
    core.receive.push(receiveStatus(PKTSTS.SETUP_DATA, this.number, 0, core.frame), bytes);
    return true;
  }

  /** A SETUP packet closes its buffer: the endpoint is disabled and has to be enabled anew, with a new address. */
  #setupByDma(): void {
    const { dma } = this.core;
    const bytes = this.#waitingSetup;
    if (dma === undefined || bytes === undefined || !this.enabled) return;
    this.#waitingSetup = undefined;
    const stored = dma.store(this.dmaAddress, bytes);
    this.dmaMoved(bytes.length);
    this.mark(EPCTL.EPENA, false);
    this.raise(stored ? EPINT.STPKTRX : EPINT.AHBERR);
    if (this.#stageOver) this.raise(EPINT.STUP);
  }

  /** The first token after SETUP: only then its stage is over. */
  setupStageOver(): void {
    const { core } = this;
    this.#setups = 0;
    if (core.dma === undefined) {
      core.receive.push(receiveStatus(PKTSTS.SETUP_DONE, this.number, 0, core.frame));
    } else if (this.#waitingSetup === undefined) {
      this.raise(EPINT.STUP);
    } else {
      this.#stageOver = true;
    }
  }

  /** At 0 it stays: ST's library renews it only after a bus reset. */
  #countSetup(): void {
    const { regs } = this.core;
    const size = regs.get(this.names.tsiz);
    const count = (size >>> TSIZ.STUPCNT_SHIFT) & 3;
    if (count > 0) regs.set(this.names.tsiz, size - (1 << TSIZ.STUPCNT_SHIFT));
  }

  packet(toggle: DataToggle, bytes: Uint8Array): Handshake {
    if (this.number > 0 && !this.is(EPCTL.USBAEP)) return "none";
    if (this.is(EPCTL.STALL) && !this.isochronous) return "stall";
    if (bytes.length > this.maxPacket) {
      this.core.mistake(
        `${this.names.ctl}.babble`,
        `OUT endpoint ${this.number}: packet of ${bytes.length} bytes, MPSIZ is ${this.maxPacket}: no answer`,
      );
      this.raise(EPINT.BERR);
      return "none";
    }
    if (this.isochronous) {
      if (this.#acceptsInFrame()) this.#store(toggle, bytes);
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
    this.#store(toggle, bytes);
    return "ack";
  }

  /** What an isochronous endpoint is not ready for is lost. Room is asked for its largest packet (GINTSTS.ISOODRP). */
  #acceptsInFrame(): boolean {
    const { core } = this;
    if (!this.enabled) this.raise(EPINT.OTEPDIS);
    if (!this.enabled || this.is(EPCTL.NAKSTS) || core.globalOutNak || !this.itsFrame) return false;
    if (this.#fits(this.maxPacket)) return true;
    this.raise(EPINT.OUTPKTERR);
    core.isochronousOutDropped(this.number);
    return false;
  }

  /** One more word than the packet: its completion has to fit behind it. */
  #fits(length: number): boolean {
    const { core } = this;
    const words = ReceiveFifo.wordsFor(length) + 1;
    if (words > core.receiveWords) {
      core.mistake(
        "rxfifo.small",
        `GRXFSIZ = ${core.receiveWords} words: a packet of ${length} bytes never fits`,
      );
    }
    return (core.dma === undefined ? core.receive.used : 0) + words <= core.receiveWords;
  }

  /**
   * EPENA and NAK decide, PKTCNT only says when the transfer is over: ChibiOS takes every status stage with PKTCNT = 0,
   * on each STM32 with this core, and a packet shorter than MPSIZ ends it (RM0433, "OUT data transfers").
   */
  #accepts(length: number): boolean {
    // After a SETUP, NuttX opens endpoint 0 by CNAK alone, on each STM32 with this core, although EPENA fell with STUP.
    const open = this.enabled || this.number === 0;
    const armed = open && !this.is(EPCTL.NAKSTS) && !this.core.globalOutNak;
    if (armed && this.#fits(length)) return true;
    this.raise(this.number === 0 && !this.enabled ? EPINT.NAK | EPINT.OTEPDIS : EPINT.NAK);
    return false;
  }

  #store(toggle: DataToggle, bytes: Uint8Array): void {
    const { core } = this;
    const { dma } = core;
    const status = receiveStatus(PKTSTS.OUT_DATA, this.number, toggle, core.frame);
    if (dma === undefined) {
      core.receive.push(status, bytes);
    } else {
      if (!dma.store(this.dmaAddress, bytes)) this.raise(EPINT.AHBERR);
      this.dmaMoved(bytes.length);
      this.dataPopped(bytes.length, dataPidOf(status));
    }
    if (bytes.length > this.#room) {
      core.mistake(
        `${this.names.tsiz}.overrun`,
        `${this.names.tsiz}: ${bytes.length} bytes received, XFRSIZ had room for ${this.#room}`,
      );
    }
    this.#room = Math.max(0, this.#room - bytes.length);
    this.subtract(0, Math.min(1, this.packets));
    this.flipToggle();
    if (bytes.length < this.maxPacket || this.packets === 0) {
      this.mark(EPCTL.NAKSTS, true);
      if (dma === undefined) {
        core.receive.push(receiveStatus(PKTSTS.OUT_COMPLETE, this.number, this.toggle, core.frame));
      } else {
        this.completePopped();
      }
    }
  }

  override busReset(): void {
    super.busReset();
    this.#waitingSetup = undefined;
    this.#stageOver = false;
  }

  /** Software popped the status word of a data packet, or DMA moved it: XFRSIZ counts what was handed over. */
  dataPopped(length: number, pid: number): void {
    this.subtract(Math.min(length, this.size), 0);
    if (!this.isochronous) return;
    const rest = this.tsiz.value & ~(3 << TSIZ.RXDPID_SHIFT);
    this.core.regs.set(this.names.tsiz, rest | (pid << TSIZ.RXDPID_SHIFT));
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
