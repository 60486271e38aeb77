/**
 * Frequencies of the STM32H750's clock tree, computed from the RCC's registers (RM0433, chapter RCC).
 *
 * Holds no state: every frequency is a pure function of the registers and of which sources run. All values are
 * in Hz; 0 means that the clock stands still.
 */

export type Oscillator = "HSI" | "CSI" | "HSE" | "HSI48" | "LSI" | "LSE";
export type PllNumber = 1 | 2 | 3;
export type PllOutput = "P" | "Q" | "R";
export type BusNumber = 1 | 2 | 3 | 4;

/** Peripherals with a kernel clock of their own that is modelled. */
export type KernelClock =
  | "FDCAN"
  | "QUADSPI"
  | "FMC"
  | "SDMMC"
  | "USART16"
  | "USART234578"
  | "LPUART1"
  | "I2C123"
  | "I2C4"
  | "USB"
  | "RNG"
  | "SPI123"
  | "SPI45"
  | "SPI6"
  | "SAI1"
  | "SAI23"
  | "SAI4A"
  | "SAI4B"
  | "ADC"
  | "LPTIM1"
  | "LPTIM2"
  | "LPTIM345"
  | "CEC"
  | "DFSDM"
  | "SPDIFRX"
  | "SWPMI"
  | "RTC";

export type ClockRegister =
  | "CR"
  | "CFGR"
  | "D1CFGR"
  | "D2CFGR"
  | "D3CFGR"
  | "PLLCKSELR"
  | "PLLCFGR"
  | "PLL1DIVR"
  | "PLL2DIVR"
  | "PLL3DIVR"
  | "D1CCIPR"
  | "D2CCIP1R"
  | "D2CCIP2R"
  | "D3CCIPR"
  | "BDCR";

export interface ClockTreeInputs {
  /** Value of an RCC register. */
  register(name: ClockRegister): number;
  /** Frequency of an oscillator before any divider, 0 while it is not ready. @param stopped as in Stop */
  oscillatorHz(oscillator: Oscillator, stopped: boolean): number;
  /** PLLxRDY. */
  pllReady(pll: PllNumber): boolean;
  /** The fractional part (0..8191) that the PLL's modulator has latched. */
  pllFraction(pll: PllNumber): number;
  /** The chip is in Stop: the system clock stands still. */
  stopped(): boolean;
  /** The domain of this user of a kernel clock is stopped, and it gets no more than it would in Stop. */
  domainStopped(user: string): boolean;
}

/** The PLL's reference and VCO, whether it runs or not; `refHz` is 0 without a source. */
export interface PllPlan {
  readonly refHz: number;
  readonly vcoHz: number;
}

type Source = (tree: ClockTree) => number;

const none: Source = () => 0;
const pll =
  (n: PllNumber, output: PllOutput): Source =>
  (tree) =>
    tree.pllHz(n, output);
const oscillator =
  (name: Oscillator): Source =>
  (tree) =>
    tree.oscillatorHz(name);
const bus =
  (n: BusNumber): Source =>
  (tree) =>
    tree.pclkHz(n);
const hclk: Source = (tree) => tree.hclkHz;
const per: Source = (tree) => tree.perHz;
const rtcHse: Source = (tree) => tree.rtcHseHz;

const serial = (first: Source): readonly Source[] => [
  first,
  pll(2, "Q"),
  pll(3, "Q"),
  oscillator("HSI"),
  oscillator("CSI"),
  oscillator("LSE"),
];
const i2c = (first: Source): readonly Source[] => [first, pll(3, "R"), oscillator("HSI"), oscillator("CSI")];
const memory: readonly Source[] = [hclk, pll(1, "Q"), pll(2, "R"), per];

/** The I2S_CKIN pin carries nothing. */
const audio: readonly Source[] = [pll(1, "Q"), pll(2, "P"), pll(3, "P"), none, per];
const spi = (first: Source): readonly Source[] => [
  first,
  pll(2, "Q"),
  pll(3, "Q"),
  oscillator("HSI"),
  oscillator("CSI"),
  oscillator("HSE"),
];
const lowPowerTimer = (first: Source): readonly Source[] => [
  first,
  pll(2, "P"),
  pll(3, "R"),
  oscillator("LSE"),
  oscillator("LSI"),
  per,
];

/** CEC's clock is of about 32 kHz, whatever it is made from. */
const CEC_CSI_DIVIDER = 122;

interface Multiplexer {
  readonly register: ClockRegister;
  readonly shift: number;
  readonly mask: number;
  readonly sources: readonly Source[];
}

/** RM0433, tables of RCC_D1CCIPR, D2CCIP2R, D3CCIPR and BDCR. A selection without an entry gives no clock. */
const MULTIPLEXERS: Readonly<Record<KernelClock, Multiplexer>> = {
  FMC: { register: "D1CCIPR", shift: 0, mask: 3, sources: memory },
  QUADSPI: { register: "D1CCIPR", shift: 4, mask: 3, sources: memory },
  SDMMC: { register: "D1CCIPR", shift: 16, mask: 1, sources: [pll(1, "Q"), pll(2, "R")] },
  USART234578: { register: "D2CCIP2R", shift: 0, mask: 7, sources: serial(bus(1)) },
  USART16: { register: "D2CCIP2R", shift: 3, mask: 7, sources: serial(bus(2)) },
  RNG: {
    register: "D2CCIP2R",
    shift: 8,
    mask: 3,
    sources: [oscillator("HSI48"), pll(1, "Q"), oscillator("LSE"), oscillator("LSI")],
  },
  I2C123: { register: "D2CCIP2R", shift: 12, mask: 3, sources: i2c(bus(1)) },
  USB: {
    register: "D2CCIP2R",
    shift: 20,
    mask: 3,
    sources: [none, pll(1, "Q"), pll(3, "Q"), oscillator("HSI48")],
  },
  LPUART1: { register: "D3CCIPR", shift: 0, mask: 7, sources: serial(bus(4)) },
  FDCAN: {
    register: "D2CCIP1R",
    shift: 28,
    mask: 3,
    sources: [oscillator("HSE"), pll(1, "Q"), pll(2, "Q")],
  },
  SAI1: { register: "D2CCIP1R", shift: 0, mask: 7, sources: audio },
  SAI23: { register: "D2CCIP1R", shift: 6, mask: 7, sources: audio },
  SPI123: { register: "D2CCIP1R", shift: 12, mask: 7, sources: audio },
  SPI45: { register: "D2CCIP1R", shift: 16, mask: 7, sources: spi(bus(2)) },
  DFSDM: { register: "D2CCIP1R", shift: 24, mask: 1, sources: [bus(2), (tree) => tree.sysHz] },
  SPDIFRX: {
    register: "D2CCIP1R",
    shift: 20,
    mask: 3,
    sources: [pll(1, "Q"), pll(2, "R"), pll(3, "R"), oscillator("HSI")],
  },
  SWPMI: { register: "D2CCIP1R", shift: 31, mask: 1, sources: [bus(1), oscillator("HSI")] },
  CEC: {
    register: "D2CCIP2R",
    shift: 22,
    mask: 3,
    sources: [oscillator("LSE"), oscillator("LSI"), (tree) => oscillator("CSI")(tree) / CEC_CSI_DIVIDER],
  },
  LPTIM1: { register: "D2CCIP2R", shift: 28, mask: 7, sources: lowPowerTimer(bus(1)) },
  LPTIM2: { register: "D3CCIPR", shift: 10, mask: 7, sources: lowPowerTimer(bus(4)) },
  LPTIM345: { register: "D3CCIPR", shift: 13, mask: 7, sources: lowPowerTimer(bus(4)) },
  ADC: { register: "D3CCIPR", shift: 16, mask: 3, sources: [pll(2, "P"), pll(3, "R"), per] },
  SAI4A: { register: "D3CCIPR", shift: 21, mask: 7, sources: audio },
  SAI4B: { register: "D3CCIPR", shift: 24, mask: 7, sources: audio },
  SPI6: { register: "D3CCIPR", shift: 28, mask: 7, sources: spi(bus(4)) },
  I2C4: { register: "D3CCIPR", shift: 8, mask: 3, sources: i2c(bus(4)) },
  RTC: {
    register: "BDCR",
    shift: 8,
    mask: 3,
    sources: [none, oscillator("LSE"), oscillator("LSI"), rtcHse],
  },
};

const CKPER: readonly Source[] = [oscillator("HSI"), oscillator("CSI"), oscillator("HSE"), none];
const SYSTEM: readonly Source[] = [oscillator("HSI"), oscillator("CSI"), oscillator("HSE"), pll(1, "P")];
/** MCO1SEL, MCO2SEL. */
const CLOCK_OUTPUTS: Readonly<Record<1 | 2, readonly Source[]>> = {
  1: [oscillator("HSI"), oscillator("LSE"), oscillator("HSE"), pll(1, "Q"), oscillator("HSI48")],
  2: [
    (tree) => tree.sysHz,
    pll(2, "P"),
    oscillator("HSE"),
    pll(1, "P"),
    oscillator("CSI"),
    oscillator("LSI"),
  ],
};
const PLL_SOURCES: readonly (Oscillator | undefined)[] = ["HSI", "CSI", "HSE", undefined];

const AHB_DIVIDERS = [2, 4, 8, 16, 64, 128, 256, 512] as const;

/** Divider behind HPRE or D1CPRE: 0xxx divides by 1. */
const ahbDivider = (field: number): number => AHB_DIVIDERS[field - 8] ?? 1;
/** Divider behind D1PPRE, D2PPRE1, D2PPRE2, D3PPRE: 0xx divides by 1. */
const apbDivider = (field: number): number => (field < 4 ? 1 : 2 << (field - 4));

const APB_FIELDS: Readonly<Record<BusNumber, readonly [ClockRegister, number]>> = {
  1: ["D2CFGR", 4],
  2: ["D2CFGR", 8],
  3: ["D1CFGR", 4],
  4: ["D3CFGR", 4],
};

const OUTPUT_SHIFT: Readonly<Record<PllOutput, number>> = { P: 9, Q: 16, R: 24 };
const OUTPUT_ENABLE: Readonly<Record<PllOutput, number>> = { P: 16, Q: 17, R: 18 };
const TIMPRE = 1 << 15;

export class ClockTree {
  readonly #inputs: ClockTreeInputs;
  /** As it is in Stop. */
  #asStopped: ClockTree | undefined;
  #asRequested: ClockTree | undefined;

  constructor(inputs: ClockTreeInputs) {
    this.#inputs = inputs;
  }

  /** Oscillator as the tree's multiplexers see it: HSI behind HSIDIV, 0 while it is not ready. */
  oscillatorHz(name: Oscillator): number {
    const hz = this.#inputs.oscillatorHz(name, this.#inputs.stopped());
    return name === "HSI" ? hz / (1 << this.#field("CR", 3, 3)) : hz;
  }

  /** Which oscillator PLLSRC selects, undefined for "no clock". */
  get pllSource(): Oscillator | undefined {
    return PLL_SOURCES[this.#field("PLLCKSELR", 0, 3)];
  }

  pllPlan(n: PllNumber): PllPlan {
    const divm = this.#field("PLLCKSELR", 4 + (n - 1) * 8, 0x3f);
    const source = this.pllSource;
    const sourceHz = source === undefined ? 0 : this.oscillatorHz(source);
    const refHz = divm === 0 ? 0 : sourceHz / divm;
    const divn = this.#field(`PLL${n}DIVR`, 0, 0x1ff) + 1;
    return { refHz, vcoHz: refHz * (divn + this.#inputs.pllFraction(n) / 8192) };
  }

  /** pllx_p_ck, pllx_q_ck, pllx_r_ck; 0 while the PLL is not locked or DIVxEN is off. */
  pllHz(n: PllNumber, output: PllOutput): number {
    const enabled = this.#field("PLLCFGR", OUTPUT_ENABLE[output] + (n - 1) * 3, 1);
    if (!this.#inputs.pllReady(n) || enabled === 0) return 0;
    const divider = this.#field(`PLL${n}DIVR`, OUTPUT_SHIFT[output], 0x7f) + 1;
    return this.pllPlan(n).vcoHz / divider;
  }

  /** sys_ck, as SWS shows it. */
  get sysHz(): number {
    return this.#inputs.stopped() ? 0 : (SYSTEM[this.#field("CFGR", 3, 7)]?.(this) ?? 0);
  }

  get cpuHz(): number {
    return this.sysHz / ahbDivider(this.#field("D1CFGR", 8, 0xf));
  }

  /** rcc_hclk1..4 and the AXI clock: all the same on this chip. */
  get hclkHz(): number {
    return this.cpuHz / ahbDivider(this.#field("D1CFGR", 0, 0xf));
  }

  /** rcc_pclk1..4. */
  pclkHz(n: BusNumber): number {
    return this.hclkHz / this.#apbDivider(n);
  }

  /** Clock of the timers on APB1 or APB2 (RM0433, table "Ratio between clock timer and pclk"). */
  timerHz(n: 1 | 2): number {
    const factor = (this.#inputs.register("CFGR") & TIMPRE) === 0 ? 2 : 4;
    return Math.min(this.hclkHz, this.pclkHz(n) * factor);
  }

  /** HRTIM's clock by CFGR.HRTIMSEL: that of APB2's timers, or the core's. */
  get hrtimHz(): number {
    return this.#field("CFGR", 14, 1) === 0 ? this.timerHz(2) : this.cpuHz;
  }

  /** per_ck. */
  get perHz(): number {
    return CKPER[this.#field("D1CCIPR", 28, 3)]?.(this) ?? 0;
  }

  /** HSE behind RTCPRE; RTCPRE of 0 or 1 means no clock. */
  get rtcHseHz(): number {
    const divider = this.#field("CFGR", 8, 0x3f);
    return divider < 2 ? 0 : this.oscillatorHz("HSE") / divider;
  }

  /** Clock outputs MCO1 and MCO2; a prescaler of 0 means off. */
  mcoHz(n: 1 | 2): number {
    const prescaler = this.#field("CFGR", n === 1 ? 18 : 25, 0xf);
    const source = CLOCK_OUTPUTS[n][this.#field("CFGR", n === 1 ? 22 : 29, 7)] ?? none;
    return prescaler === 0 ? 0 : source(this) / prescaler;
  }

  /** @param user whose clock it is, where several share it: "LPTIM4", "ADC3" */
  /** @param requested the user asks for its clock in Stop, and has HSI and CSI there (RM0433, "Peripheral clock distribution") */
  kernelHz(clock: KernelClock, user: string = clock, requested = false): number {
    const { register, shift, mask, sources } = MULTIPLEXERS[clock];
    const stopped = this.#inputs.stopped() || this.#inputs.domainStopped(user);
    const tree = stopped ? (requested ? this.#requested : this.#stopped) : this;
    return sources[this.#field(register, shift, mask)]?.(tree) ?? 0;
  }

  get #stopped(): ClockTree {
    this.#asStopped ??= this.#inStop(() => true);
    return this.#asStopped;
  }

  get #requested(): ClockTree {
    this.#asRequested ??= this.#inStop((name) => name !== "HSI" && name !== "CSI");
    return this.#asRequested;
  }

  #inStop(stands: (name: Oscillator) => boolean): ClockTree {
    const inputs = this.#inputs;
    return new ClockTree({
      register: (name) => inputs.register(name),
      oscillatorHz: (name) => inputs.oscillatorHz(name, stands(name)),
      pllReady: () => false,
      pllFraction: (pll) => inputs.pllFraction(pll),
      stopped: () => true,
      domainStopped: () => false,
    });
  }

  #apbDivider(n: BusNumber): number {
    const [register, shift] = APB_FIELDS[n];
    return apbDivider(this.#field(register, shift, 7));
  }

  #field(register: ClockRegister, shift: number, mask: number): number {
    return (this.#inputs.register(register) >>> shift) & mask;
  }
}
