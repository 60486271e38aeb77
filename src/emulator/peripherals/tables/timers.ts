/** Registers of the timers as tables (RM0433, chapters of the timers): what each kind has. */

export const ADVANCED = `
  CR1 0 0 bff, CR2 4 0 f57ffd, SMCR 8 0 31fff7, DIER c 0 7fff, SR 10 0 33fff, EGR 14 0 1ff,
  CCMR1_Output 18 0 101ffff, CCMR2_Output 1c 0 101ffff, CCER 20 0 33bfff, CNT 24 0 8000ffff, PSC 28 0 ffff,
  ARR 2c ffff ffff, RCR 30 0 ff, CCR1 34 0 ffff, CCR2 38 0 ffff, CCR3 3c 0 ffff, CCR4 40 0 ffff,
  BDTR 44 0 3ffffff, DCR 48 0 1f1f, DMAR 4c 0 ffff, CCMR3_Output 54 0 101fcfc, CCR5 58 0 e000ffff,
  CCR6 5c 0 ffff, AF1 60 1 3cf07, AF2 64 1 f07, TISEL 68 0 f0f0f0f`;

export const GENERAL = `
  CR1 0 0 bff, CR2 4 0 f8, SMCR 8 0 31fff7, DIER c 0 5f5f, SR 10 0 1e5f, EGR 14 0 5f,
  CCMR1_Output 18 0 101ffff, CCMR2_Output 1c 0 101ffff, CCER 20 0 bbbb, CNT 24 0 ffffffff, PSC 28 0 ffff,
  ARR 2c ffffffff ffffffff, CCR1 34 0 ffffffff, CCR2 38 0 ffffffff, CCR3 3c 0 ffffffff, CCR4 40 0 ffffffff,
  DCR 48 0 1f1f, DMAR 4c 0 ffff, AF1 60 0 3c000, TISEL 68 0 f0f0f0f`;

export const TWO_CHANNELS_BREAK = `
  CR1 0 0 b8f, CR2 4 0 7fd, SMCR 8 0 3000f7, DIER c 0 67e7, SR 10 0 6e7, EGR 14 0 e7,
  CCMR1_Output 18 0 1017f7f, CCER 20 0 bf, CNT 24 0 8000ffff, PSC 28 0 ffff, ARR 2c ffff ffff, RCR 30 0 ff,
  CCR1 34 0 ffff, CCR2 38 0 ffff, BDTR 44 0 fffff, DCR 48 0 1f1f, DMAR 4c 0 ffff, AF1 60 1 f07,
  TISEL 68 0 f0f`;

export const TWO_CHANNELS = `
  CR1 0 0 b8f, CR2 4 0 70, SMCR 8 0 3000f7, DIER c 0 47, SR 10 0 647, EGR 14 0 47,
  CCMR1_Output 18 0 1017f7f, CCER 20 0 bb, CNT 24 0 8000ffff, PSC 28 0 ffff, ARR 2c ffff ffff,
  CCR1 34 0 ffff, CCR2 38 0 ffff, TISEL 68 0 f0f`;

export const ONE_CHANNEL_BREAK = `
  CR1 0 0 b8f, CR2 4 0 30d, DIER c 0 23a3, SR 10 0 2a3, EGR 14 0 a3, CCMR1_Output 18 0 1007f, CCER 20 0 f,
  CNT 24 0 8000ffff, PSC 28 0 ffff, ARR 2c ffff ffff, RCR 30 0 ff, CCR1 34 0 ffff, BDTR 44 0 fffff,
  DCR 48 0 1f1f, DMAR 4c 0 ffff, AF1 60 1 f07, TISEL 68 0 f`;

export const ONE_CHANNEL = `
  CR1 0 0 b8f, DIER c 0 3, SR 10 0 203, EGR 14 0 3, CCMR1_Output 18 0 1007f, CCER 20 0 b, CNT 24 0 8000ffff,
  PSC 28 0 ffff, ARR 2c ffff ffff, CCR1 34 0 ffff, TISEL 68 0 f`;

export const BASIC = `
  CR1 0 0 88f, CR2 4 0 70, DIER c 0 101, SR 10 0 1, EGR 14 0 1, CNT 24 0 8000ffff, PSC 28 0 ffff,
  ARR 2c ffff ffff`;
