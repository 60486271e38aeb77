/** CoreSight components on the debug APB that programs set up for trace output (RM0433, chapter "Debug infrastructure"). */

/** Serial wire output: what would leave at the pin goes nowhere. */
export const SWO = `
  CODR 10 0 1fff, SPPR f0 1 3, FFSR 300 8 fr, CLAIMSET fa0 f f, CLAIMCLR fa4 0 f, LAR fb0 0 ffffffffw, LSR fb4 3 7r,
  AUTHSTAT fb8 0 ffr, DEVID fc8 ea0 fffr, DEVTYPE fcc 11 ffr`;

/** The funnel in front of SWO. */
export const SWTF = `
  CTRL 0 300 fff, PRIORITY 4 fac688 ffffff, CLAIMSET fa0 f f, CLAIMCLR fa4 0 f, LAR fb0 0 ffffffffw, LSR fb4 3 7r,
  AUTHSTAT fb8 0 ffr, DEVID fc8 34 ffr, DEVTYPE fcc 12 ffr`;
