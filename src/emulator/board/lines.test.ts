import assert from "node:assert/strict";
import { test } from "node:test";
import { OPEN_DRAIN, wiredChip } from "./wired-chip.js";

const MS = 1e6;
const D2CCIP2R = 0x5802_4454;
const RCC_CSR = 0x5802_4474;
const CEC = 0x4000_6c00;
const [CR, CFGR, TXDR, ISR, IER] = [0x00, 0x04, 0x08, 0x10, 0x14];
const CECEN = 1;
const [TXSOM, TXEOM] = [2, 4];
const SFTOP = 1 << 8;
const [ARBLST, TXBR, TXEND, TXUDR, TXERR, TXACKE] = [7, 8, 9, 10, 11, 12].map((bit) => 1 << bit) as [
  number,
  number,
  number,
  number,
  number,
  number,
];
const CEC_IRQ = 94;
/** Start bit and a byte, after a signal-free time of four bits. */
const FREE = 4 * 2.4 * MS;
const START_BIT = 4.5 * MS;
const BIT = 2.4 * MS;
const BYTE = 10 * BIT;
/** What the last bit of a message is shorter, to TXEND. */
const EARLY = 0.35 * MS;

/** CEC at PA15, clocked by LSI. */
function cec() {
  const made = wiredChip();
  const { chip, read, write, mux, wait } = made;
  write(RCC_CSR, 1);
  wait(1 * MS);
  write(D2CCIP2R, 1 << 22);
  mux("PA15", 4, OPEN_DRAIN);
  write(CEC + CR, CECEN);
  const pending = (): boolean => chip.cpu.exceptions.isPending(16 + CEC_IRQ);
  const flags = (): number => read(CEC + ISR);
  const send = (header: number, last: boolean): void => {
    if (last) write(CEC + CR, CECEN | TXEOM);
    write(CEC + TXDR, header);
    write(CEC + CR, CECEN | TXSOM);
  };
  return { ...made, pending, flags, send };
}

test("a message for one follower gets no acknowledge, after its header's time", () => {
  const { read, write, flags, pending, send, wait, level } = cec();
  write(CEC + CR, 0);
  write(CEC + IER, TXACKE);
  write(CEC + CR, CECEN);
  send(0x13, true);
  assert.equal(read(CEC + CR), CECEN | TXSOM | TXEOM);
  wait(FREE - 1e3);
  assert.equal(level("PA15"), true);
  wait(2e3);
  assert.equal(level("PA15"), false, "the start bit");
  wait(START_BIT + 9 * 2.4 * MS + 1e6);
  assert.equal(flags(), 0);
  wait(0.1 * MS);
  assert.equal(flags(), TXACKE);
  assert.equal(pending(), true);
  assert.equal(read(CEC + CR), CECEN);
  write(CEC + ISR, TXACKE);
  assert.equal(flags(), 0);
});

test("a message to all is through when nobody refuses it; its bytes are asked for one by one", () => {
  const { write, flags, send, wait } = cec();
  send(0x1f, false);
  wait(FREE + START_BIT + 4 * BIT - 1e3);
  assert.equal(flags(), 0);
  wait(2e3);
  assert.equal(flags(), TXBR, "six bits before it is missed");
  write(CEC + ISR, TXBR);
  write(CEC + CR, CECEN | TXEOM);
  write(CEC + TXDR, 0x36);
  wait(2 * BYTE - 4 * BIT - EARLY - 2e3);
  assert.equal(flags(), 0);
  wait(2e3);
  assert.equal(flags(), TXEND);
  // The next one of its own waits for six bits.
  send(0x1f, true);
  write(CEC + ISR, TXEND);
  wait(6 * BIT + START_BIT + BYTE - EARLY - 1e3);
  assert.equal(flags(), 0);
  wait(2e3);
  assert.equal(flags(), TXEND);
});

test("with SFTOP the free time counts from the last message's end, not from TXSOM", () => {
  const { write, flags, send, wait, level } = cec();
  write(CEC + CR, 0);
  write(CEC + CFGR, SFTOP);
  write(CEC + CR, CECEN);
  wait(FREE);
  send(0x1f, true);
  wait(1e3);
  assert.equal(level("PA15"), false, "free for long enough");
  wait(START_BIT + BYTE - EARLY);
  assert.equal(flags(), TXEND);
  wait(2 * BIT);
  send(0x1f, true);
  wait(4 * BIT - 3e3);
  assert.equal(level("PA15"), true);
  wait(4e3);
  assert.equal(level("PA15"), false, "six bits after the end");
});

test("who is earlier has the line: arbitration is lost before the start bit; one who holds it in a zero is an error, too", () => {
  const { read, write, flags, send, drive, wait, at } = cec();
  const open = (): void => at("PA15").gpio.release(15);
  send(0x1f, true);
  wait(FREE - BIT);
  drive("PA15", false);
  assert.equal(flags(), ARBLST);
  assert.equal(read(CEC + CR) & TXSOM, TXSOM);
  write(CEC + ISR, ARBLST);
  wait(BIT);
  open();
  wait(2.5 * BIT + 1e3);
  drive("PA15", false);
  wait(3.8 * MS);
  assert.equal(flags(), 0);
  wait(0.2 * MS);
  assert.equal(flags(), ARBLST, "in the start bit");
  write(CEC + ISR, ARBLST);
  open();
  wait(2.5 * BIT + START_BIT + 8 * BIT + 1e3);
  write(CEC + CR, 0);
  write(CEC + CR, CECEN);
  send(0x1f, false);
  wait(2.5 * BIT + START_BIT + 8 * BIT + 1e3);
  write(CEC + ISR, TXBR);
  drive("PA15", false);
  wait(1.6 * MS);
  assert.equal(flags(), 0);
  wait(0.2 * MS);
  assert.equal(flags(), TXERR, "in EOM = 0");
});

test("CFGR and IER are for CECEN = 0", () => {
  const { write, log } = cec();
  write(CEC + CFGR, 1);
  assert.ok(log.has(/CEC_CFGR is written while CECEN is set/));
  write(CEC + IER, 1);
  assert.ok(log.has(/CEC_IER is written while CECEN is set/));
});

test("a byte that does not come in time ends the message", () => {
  const { read, flags, send, wait } = cec();
  send(0x1f, false);
  wait(FREE + START_BIT + BYTE + 1e3);
  assert.equal(flags(), TXBR | TXUDR);
  assert.equal(read(CEC + CR), CECEN);
});

test("a line that somebody holds low: arbitration is lost, or the message fails; a low line before it is waited for", () => {
  const { read, write, flags, send, drive, wait, at } = cec();
  const open = (): void => at("PA15").gpio.release(15);
  drive("PA15", false);
  send(0x1f, true);
  wait(50 * MS);
  assert.equal(flags(), 0);
  open();
  wait(FREE + START_BIT + 2e3);
  drive("PA15", false);
  wait(4 * 2.4 * MS);
  assert.equal(flags(), ARBLST, "in the initiator's address");
  assert.equal(read(CEC + CR) & TXSOM, TXSOM);
  write(CEC + ISR, ARBLST);
  open();
  wait(2.5 * 2.4 * MS + START_BIT + 4 * 2.4 * MS + 2e3);
  drive("PA15", false);
  wait(2.4 * MS);
  assert.equal(flags(), TXERR, "in the follower's");
  assert.equal(read(CEC + CR), CECEN);
});

test("without its clock nothing is sent, and it is told; switched off, it forgets", () => {
  const { read, write, flags, send, wait, log } = cec();
  write(D2CCIP2R, 0);
  write(CEC + CFGR, 0x8000_0000);
  send(0x1f, true);
  wait(100 * MS);
  assert.equal(flags(), 0);
  assert.ok(log.has(/CEC: a message without its 32 kHz clock/));
  write(D2CCIP2R, 1 << 22);
  wait(FREE + START_BIT + BYTE - EARLY + 1e3);
  assert.equal(flags(), TXEND);
  send(0x1f, true);
  write(CEC + CR, 0);
  assert.equal(read(CEC + CR), 0);
});

const SPDIFRX = 0x4000_4000;
const [IMR, SR] = [0x04, 0x08];
const WFA = 1 << 14;
const TERR = 1 << 8;

test("SPDIFRX synchronises with nothing: told after 8192 clocks, gone when it is switched off; or it waits", () => {
  const { write, read, wait } = wiredChip();
  // HSI, 64 MHz.
  write(0x5802_4450, 3 << 20);
  write(SPDIFRX + IMR, 1 << 6);
  write(SPDIFRX, 1);
  wait(127e3);
  assert.equal(read(SPDIFRX + SR), 0);
  wait(2e3);
  assert.equal(read(SPDIFRX + SR), TERR);
  write(SPDIFRX, 0);
  assert.equal(read(SPDIFRX + SR), 0);
  write(SPDIFRX, 1 | WFA);
  wait(10 * MS);
  assert.equal(read(SPDIFRX + SR), 0);
});

test("SPDIFRX keeps its input from synchronisation on, and its format from reception on, which ends by switching it off", () => {
  const { write, read } = wiredChip();
  const [DRFMT, NBTR, INSEL] = [1 << 4, 1 << 12, 1 << 16];
  const cr = (value: number): number => {
    write(SPDIFRX, value);
    return read(SPDIFRX);
  };
  assert.equal(cr(1 | INSEL), 1 | INSEL);
  assert.equal(cr(1 | DRFMT | NBTR | WFA), 1 | DRFMT | INSEL);
  assert.equal(cr(3 | (2 << 4)), 3 | (2 << 4) | INSEL, "with the write that begins reception");
  assert.equal(cr(1 | DRFMT | (1 << 6)), 3 | (2 << 4) | INSEL | (1 << 6));
  assert.equal(cr(0), 0);
});

test("MDIOS keeps what a master could read, and nobody writes to it", () => {
  const { write, read } = wiredChip();
  const MDIOS = 0x4000_9400;
  write(MDIOS, (5 << 8) | 1);
  write(MDIOS, (6 << 8) | (1 << 7) | 3);
  assert.equal(read(MDIOS), (5 << 8) | 3, "address and DPC are for EN = 0");
  write(MDIOS, 0);
  write(MDIOS, (6 << 8) | (1 << 7) | 1);
  assert.equal(read(MDIOS), (6 << 8) | (1 << 7) | 1);
  write(MDIOS + 0x1fc, 0x1234);
  assert.equal(read(MDIOS + 0x1fc), 0x1234);
  write(MDIOS + 0x100, 0x1234);
  assert.deepEqual(
    [0x100, 0x04, 0x0c, 0x14].map((offset) => read(MDIOS + offset)),
    [0, 0, 0, 0],
  );
});
