/** Which flags of USART_ISR interrupt (RM0433, "USART interrupts"). */

import { CR1, CR2, CR3, ISR } from "./usart-bits.js";

type Rows = readonly (readonly [enable: number, flags: number])[];

const BY_CR1: Rows = [
  [CR1.IDLEIE, ISR.IDLE],
  [CR1.RXNEIE, ISR.RXNE | ISR.ORE],
  [CR1.TCIE, ISR.TC],
  [CR1.TXEIE, ISR.TXE],
  [CR1.PEIE, ISR.PE],
  [CR1.CMIE, ISR.CMF],
  [CR1.TXFEIE, ISR.TXFE],
  [CR1.RXFFIE, ISR.RXFF],
  [CR1.RTOIE, ISR.RTOF],
  [CR1.EOBIE, ISR.EOBF],
];
const BY_CR2: Rows = [[CR2.LBDIE, ISR.LBDF]];
const BY_CR3: Rows = [
  [CR3.EIE, ISR.FE | ISR.NE | ISR.ORE | ISR.UDR],
  [CR3.CTSIE, ISR.CTSIF],
  [CR3.WUFIE, ISR.WUF],
  [CR3.TXFTIE, ISR.TXFT],
  [CR3.TCBGTIE, ISR.TCBGT],
  [CR3.RXFTIE, ISR.RXFT],
];

export function interrupts(status: number, cr1: number, cr2: number, cr3: number): boolean {
  const any = (rows: Rows, enables: number): boolean =>
    rows.some(([enable, flags]) => (enables & enable) !== 0 && (status & flags) !== 0);
  return any(BY_CR1, cr1) || any(BY_CR2, cr2) || any(BY_CR3, cr3);
}
