import assert from "node:assert/strict";
import { test } from "node:test";
import { wiredChip } from "./wired-chip.js";

const MS = 1e6;
const SWPMI = 0x4000_8800;
const [SWPMI_BRR, SWPMI_ISR, SWPMI_ICR, SWPMI_TDR] = [0x04, 0x0c, 0x10, 0x1c];
const [SWPACT, DEACT, SWPEN] = [1 << 5, 1 << 10, 1 << 11];
const [RXDMA, TXDMA, RXMODE, TXMODE, LPBK] = [1, 1 << 1, 1 << 2, 1 << 3, 1 << 4];
const [RXBFF, RXBERF, RXOVRF, RXNE] = [1, 1 << 2, 1 << 3, 1 << 5];
const [SWPMI_RFL, SWPMI_RDR] = [0x18, 0x20];
const [TXBEF, TXUNRF, TXE, TCF, SUSP, DEACTF, RDYF] = [1, 4, 6, 7, 9, 10, 11].map((bit) => 1 << bit) as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

/** SWPMI with its bus active, at 100 kbit/s. */
function swpmi(mode = 0) {
  const made = wiredChip();
  const { write, read, wait } = made;
  const isr = (): number => read(SWPMI + SWPMI_ISR);
  const clear = (flags: number): void => write(SWPMI + SWPMI_ICR, flags);
  const send = (word: number): void => write(SWPMI + SWPMI_TDR, word);
  assert.equal(isr(), TXBEF | TXE | TCF | SUSP);
  write(SWPMI, SWPEN);
  assert.equal(isr() & RDYF, 0);
  wait(0.4 * MS);
  assert.equal(isr() & RDYF, RDYF);
  // 64 MHz by 4 and 160.
  write(SWPMI + SWPMI_BRR, 159);
  write(SWPMI, SWPEN | SWPACT | mode);
  clear(RDYF | TXBEF | TCF);
  assert.equal(isr(), TXE | SUSP);
  return { ...made, isr, clear, send };
}
const SWP_BIT = 10e3;

test("SWPMI resumes the bus, sends a frame in its time and suspends the bus seven bits later; flags are software's to clear", () => {
  const { isr, clear, send, wait } = swpmi();
  send(0x0302_0105);
  assert.equal(isr(), 0);
  wait(16 * SWP_BIT);
  assert.equal(isr(), TXE);
  send(0x0504);
  wait(24 * SWP_BIT);
  assert.equal(isr(), TXE | TXBEF);
  wait((16 + 24 + 7) * SWP_BIT - 1e3);
  assert.equal(isr(), TXE | TXBEF);
  wait(2e3);
  assert.equal(isr(), TXE | TXBEF | TCF | SUSP);
  send(0x0302_0103);
  assert.equal(isr(), TXBEF | TCF);
  clear(TXBEF | TCF);
  assert.equal(isr(), 0);
});

test("a frame that SWPMI has before the last one ends follows it after one bit, without TCF", () => {
  const { isr, clear, send, wait } = swpmi();
  send(0x0302_0103);
  wait(16 * SWP_BIT);
  send(0x0302_0103);
  clear(TXBEF);
  wait((24 + 24 + 1 + 8) * SWP_BIT - 1e3);
  assert.equal(isr(), 0);
  wait(2e3);
  assert.equal(isr(), TXE | TXBEF);
});

test("a word that does not come in time: SWPMI ends the frame, and takes none until it is told to", () => {
  const { isr, clear, send, wait } = swpmi();
  send(0x0302_0105);
  wait(40 * SWP_BIT);
  assert.equal(isr(), TXE | TXUNRF);
  send(0x0302_0103);
  assert.equal(isr(), TXE | TXUNRF);
  wait((24 + 7) * SWP_BIT + 1e3);
  assert.equal(isr(), TXE | TXUNRF | TCF | SUSP);
  clear(TXUNRF | TCF);
  for (const bytes of [0, 31]) {
    send(bytes);
    assert.equal(isr(), TXE | SUSP, "no frame has so many bytes");
  }
});

test("in multi software buffer mode a frame has eight words of TDR, and one without a payload ends DMA", () => {
  const { read, isr, clear, send, wait } = swpmi(TXDMA | TXMODE);
  send(0x0302_0103);
  wait(16 * SWP_BIT);
  for (let n = 1; n < 8; n++) send(0x0302_0103);
  assert.equal(isr(), TXE | TXBEF, "none of them is the next frame");
  clear(TXBEF);
  send(0x0302_0100);
  assert.equal(isr(), TXE);
  assert.equal(read(SWPMI) & TXDMA, 0);
});

test("in loopback mode SWPMI receives what it sends, word by word; what is not read in time is lost", () => {
  const { read, isr, clear, send, wait } = swpmi(LPBK);
  const frame = (): void => {
    send(0x0302_0106);
    wait(16 * SWP_BIT);
    send(0x0006_0504);
    wait((48 + 24 + 7) * SWP_BIT + 1e3);
  };
  frame();
  assert.equal(isr() & (RXBFF | RXOVRF | RXNE), RXBFF | RXOVRF | RXNE, "the last word is lost");
  assert.equal(read(SWPMI + SWPMI_RDR), 0x0403_0201);
  assert.equal(isr() & RXNE, 0);
  assert.equal(read(SWPMI + SWPMI_RDR), 0);
  clear(RXBFF | RXOVRF | TXBEF | TCF);
  send(0x0302_0106);
  wait(16 * SWP_BIT);
  send(0x0006_0504);
  wait(48 * SWP_BIT + 1e3);
  assert.equal(isr() & (RXBFF | RXNE), RXNE);
  assert.equal(read(SWPMI + SWPMI_RDR), 0x0403_0201);
  wait(24 * SWP_BIT);
  assert.equal(isr() & (RXBFF | RXOVRF | RXNE), RXBFF | RXNE);
  assert.equal(read(SWPMI + SWPMI_RFL), 6);
  assert.equal(read(SWPMI + SWPMI_RDR), 0x0605);
});

test("in multi software buffer mode a received frame has eight words, its status in the last one", () => {
  const { read, isr, send, wait } = swpmi(LPBK | RXDMA | RXMODE);
  send(0x0302_0103);
  wait((16 + 24 + 24) * SWP_BIT + 1e3);
  const words = Array.from({ length: 8 }, () => read(SWPMI + SWPMI_RDR));
  assert.deepEqual(words, [0x0003_0201, 0, 0, 0, 0, 0, 0, (3 << 16) | (1 << 26)]);
  assert.equal(isr() & RXNE, 0);
});

test("a frame that SWPMI breaks off has a wrong CRC", () => {
  const { read, isr, send, wait } = swpmi(LPBK);
  send(0x0302_0106);
  wait((16 + 24 + 24) * SWP_BIT + 1e3);
  assert.equal(isr() & (RXBFF | RXBERF | RXNE), RXBFF | RXBERF | RXNE);
  assert.equal(read(SWPMI + SWPMI_RDR), 0x0003_0201);
});

test("while SWPMI's bus is active its modes and bit rate stay; DEACT ends that, and must be taken back before the next time", () => {
  const { read, write, isr } = swpmi();
  write(SWPMI, SWPEN | SWPACT | TXMODE);
  assert.equal(read(SWPMI), SWPEN | SWPACT);
  write(SWPMI + SWPMI_BRR, 3);
  assert.equal(read(SWPMI + SWPMI_BRR), 159);
  write(SWPMI, SWPEN | SWPACT | DEACT);
  assert.equal(read(SWPMI), SWPEN | DEACT);
  assert.equal(isr(), DEACTF | TXE | SUSP);
  write(SWPMI, SWPEN | SWPACT);
  assert.equal(read(SWPMI), SWPEN);
  write(SWPMI, SWPEN | SWPACT);
  assert.equal(read(SWPMI), SWPEN | SWPACT);
  assert.equal(isr(), TXE | SUSP);
});
