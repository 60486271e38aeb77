/** Which flags of USART_ISR interrupt, and of which side they are (RM0433, "USART interrupts"; LPUART1 tells D3 of its sides apart). */

import { CR1, CR2, CR3, ISR } from "./usart-bits.js";

export const RECEIVE_SIDE = 1;
export const TRANSMIT_SIDE = 2;

type Rows = readonly (readonly [enable: number, flags: number, side: number])[];

const BY_CR1: Rows = [
  [CR1.IDLEIE, ISR.IDLE, RECEIVE_SIDE],
  [CR1.RXNEIE, ISR.RXNE | ISR.ORE, RECEIVE_SIDE],
  [CR1.TCIE, ISR.TC, TRANSMIT_SIDE],
  [CR1.TXEIE, ISR.TXE, TRANSMIT_SIDE],
  [CR1.PEIE, ISR.PE, RECEIVE_SIDE],
  [CR1.CMIE, ISR.CMF, RECEIVE_SIDE],
  [CR1.TXFEIE, ISR.TXFE, TRANSMIT_SIDE],
  [CR1.RXFFIE, ISR.RXFF, RECEIVE_SIDE],
  [CR1.RTOIE, ISR.RTOF, RECEIVE_SIDE],
  [CR1.EOBIE, ISR.EOBF, RECEIVE_SIDE],
];
const BY_CR2: Rows = [[CR2.LBDIE, ISR.LBDF, RECEIVE_SIDE]];
const BY_CR3: Rows = [
  [CR3.EIE, ISR.FE | ISR.NE | ISR.ORE, RECEIVE_SIDE],
  [CR3.EIE, ISR.UDR, TRANSMIT_SIDE],
  [CR3.CTSIE, ISR.CTSIF, TRANSMIT_SIDE],
  [CR3.WUFIE, ISR.WUF, RECEIVE_SIDE],
  [CR3.TXFTIE, ISR.TXFT, TRANSMIT_SIDE],
  [CR3.TCBGTIE, ISR.TCBGT, TRANSMIT_SIDE],
  [CR3.RXFTIE, ISR.RXFT, RECEIVE_SIDE],
];

/** The sides that interrupt now; 0: none. */
export function interrupts(status: number, cr1: number, cr2: number, cr3: number): number {
  return sides(BY_CR1, cr1, status) | sides(BY_CR2, cr2, status) | sides(BY_CR3, cr3, status);
}

function sides(rows: Rows, enables: number, status: number): number {
  let found = 0;
  for (const [enable, flags, side] of rows) {
    if ((enables & enable) !== 0 && (status & flags) !== 0) found |= side;
  }
  return found;
}
