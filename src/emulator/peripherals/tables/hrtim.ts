/** HRTIM1's registers, as text (RM0433, chapter HRTIM; the bits are those of ST's CMSIS header). */

const hex = (value: number): string => (value >>> 0).toString(16);

/** Timer x's rows; its own bits among the update sources and the capture triggers are reserved. */
function unitRows(letter: string, index: number): string {
  const control = hex(0xfffe_fc7f & ~(1 << (19 + index)));
  const capture = hex(0xffff_ffff & ~(0xf << (12 + index * 4)));
  const rows = `TIM#CR 0 0 ${control}, TIM#ISR 4 0 3f7fdfr, TIM#ICR 8 0 7fdfw, TIM#DIER c 0 7fdf7fdf, CNT#R 10 0 ffff,
    PER#R 14 ffdf ffff, REP#R 18 0 ff, CMP1#R 1c 0 ffff, CMP1C#R 20 0 ffffff, CMP2#R 24 0 ffff, CMP3#R 28 0 ffff,
    CMP4#R 2c 0 ffff, CPT1#R 30 0 ffffr, CPT2#R 34 0 ffffr, DT#R 38 0 c3ffdfff, SET#1R 3c 0 ffffffff,
    RST#1R 40 0 ffffffff, SET#2R 44 0 ffffffff, RST#2R 48 0 ffffffff, EEF#R1 4c 0 1f7df7df, EEF#R2 50 0 1f7df7df,
    RST#R 54 0 7ffffffe, CHP#R 58 0 7ff, CPT1#CR 5c 0 ${capture}, CPT2#CR 60 0 ${capture}, OUT#R 64 0 fe1ffe,
    FLT#R 68 0 8000001f`;
  return rows.replace(/#(\S*) (\S+)/g, (_row, rest: string, offset: string) => {
    return `${letter}${rest} ${hex(0x80 * (index + 1) + Number.parseInt(offset, 16))}`;
  });
}

export const HRTIM = `
  MCR 0 0 ee3fff3f, MISR 4 0 7fr, MICR 8 0 7fw, MDIER c 0 7f007f, MCNTR 10 0 ffff, MPER 14 ffdf ffff,
  MREP 18 0 ff, MCMP1R 1c 0 ffff, MCMP2R 24 0 ffff, MCMP3R 28 0 ffff, MCMP4R 2c 0 ffff,
  ${[..."ABCDE"].map(unitRows).join(", ")},
  CR1 380 0 fff003f, CR2 384 0 3f3fw, ISR 388 0 2003fr, ICR 38c 0 2003fw, IER 390 0 2003f, OENR 394 0 3ff,
  ODISR 398 0 3ffw, ODSR 39c 0 3ffr, BMCR 3a0 0 803f07ff, BMTRGR 3a4 0 ffffffff, BMCMPR 3a8 0 ffff,
  BMPER 3ac 0 ffff, EECR1 3b0 0 3fffffff, EECR2 3b4 0 1f7df7df, EECR3 3b8 0 cf3cf3cf, ADC1R 3bc 0 ffffffff,
  ADC2R 3c0 0 ffffffff, ADC3R 3c4 0 ffffffff, ADC4R 3c8 0 ffffffff, FLTINR1 3d0 0 ffffffff, FLTINR2 3d4 0 30000ff,
  BDMUPR 3d8 0 3ff, BDTAUPR 3dc 0 1fffff, BDTBUPR 3e0 0 1fffff, BDTCUPR 3e4 0 1fffff, BDTDUPR 3e8 0 1fffff,
  BDTEUPR 3ec 0 1fffff, BDMADR 3f0 0 ffffffffw`;
