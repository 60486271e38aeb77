/** Voltages: what ADC1..3 and the comparators see at pins, DAC outputs and internal sources, and what triggers them. */

import { Adc, type AdcGroup } from "../peripherals/analog/adc.js";
import { AdcCommon } from "../peripherals/analog/adc-common.js";
import { COMPARATOR_PINS, Comp } from "../peripherals/analog/comp.js";
import type { Dac } from "../peripherals/analog/dac.js";
import { REFERENCE_VOLTS, SENSOR_VOLTS, SUPPLY_VOLTS } from "../peripherals/analog/internal-voltages.js";
import { parsePin } from "../peripherals/gpio.js";
import { TIMER_PINS } from "../peripherals/timers/timer-pins.js";
import { type AnalogVoltages, analogVoltages } from "./analog-voltages.js";
import type { ChipPart } from "./chip-part.js";
import type { ChipWiring } from "./chip-wiring.js";
import { BREAKABLE } from "./system-break.js";
import { listen } from "./trigger-sources.js";

const ADC_PRESCALERS = [1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256] as const;

/** Hardware triggers by EXTSEL (RM0433, tables "ADC: external triggers for regular/injected channels"). */
const TRIGGERS: Readonly<Record<AdcGroup, readonly (string | undefined)[]>> = {
  regular: [
    ..."TIM1_CH1 TIM1_CH2 TIM1_CH3 TIM2_CH2 TIM3_TRGO TIM4_CH4 EXTI11 TIM8_TRGO".split(" "),
    ..."TIM8_TRGO2 TIM1_TRGO TIM1_TRGO2 TIM2_TRGO TIM4_TRGO TIM6_TRGO TIM15_TRGO TIM3_CH4".split(" "),
    ...["HRTIM_ADC1", "HRTIM_ADC3", "LPTIM1_OUT", "LPTIM2_OUT", "LPTIM3_OUT"],
  ],
  injected: [
    ..."TIM1_TRGO TIM1_CH4 TIM2_TRGO TIM2_CH1 TIM3_CH4 TIM4_TRGO EXTI15 TIM8_CH4".split(" "),
    ..."TIM1_TRGO2 TIM8_TRGO TIM8_TRGO2 TIM3_CH3 TIM3_TRGO TIM3_CH1 TIM6_TRGO TIM15_TRGO".split(" "),
    ...["HRTIM_ADC2", "HRTIM_ADC4", "LPTIM1_OUT", "LPTIM2_OUT", "LPTIM3_OUT"],
  ],
};
/** DAC: TSEL from 1 on. */
const DAC_TRIGGERS: readonly (string | undefined)[] = [
  undefined,
  ..."TIM1_TRGO TIM2_TRGO TIM4_TRGO TIM5_TRGO TIM6_TRGO TIM7_TRGO TIM8_TRGO TIM15_TRGO".split(" "),
  ...["HRTIM_DAC1", "HRTIM_DAC2", "LPTIM1_OUT", "LPTIM2_OUT", "EXTI9"],
];

/** The inputs INP0..19 at pins (data sheet DS12556). A _C pad has what its pin has while the switch between them is closed; nothing else is at it. */
const PINS = {
  ADC1: "PA0_C PA1_C PF11 PA6 PC4 PB1 PF12 PA7 PC5 PB0 PC0 PC1 PC2 PC3 PA2 PA3 PA0 PA1 PA4 PA5".split(" "),
  ADC2: "PA0_C PA1_C PF13 PA6 PC4 PB1 PF14 PA7 PC5 PB0 PC0 PC1 PC2 PC3 PA2 PA3 - - PA4 PA5".split(" "),
  ADC3: "PC2_C PC3_C PF9 PF7 PF5 PF3 PF10 PF8 PF6 PF4 PC0 PC1 PC2 PH2 PH3 PH4 PH5 - - -".split(" "),
} as const;
type AdcName = keyof typeof PINS;

/** ADC3's internal inputs: their enable in CCR, and their voltage (data sheet; a quarter of VBAT; 30 degrees). */
const INTERNAL: Readonly<Record<number, { readonly enable: number; readonly volts: number }>> = {
  17: { enable: 1 << 24, volts: SUPPLY_VOLTS / 4 },
  18: { enable: 1 << 23, volts: SENSOR_VOLTS },
  19: { enable: 1 << 22, volts: REFERENCE_VOLTS },
};
const IRQS = { ADC12: 18, ADC3: 127, COMP: 137 } as const;
/** Timers' outputs by CFGR.BLANKING (RM0433, COMP_CFGRx). */
const BLANKING: Readonly<Record<number, readonly [string, number]>> = {
  1: ["TIM1", 5],
  2: ["TIM2", 3],
  3: ["TIM3", 3],
  4: ["TIM3", 4],
  5: ["TIM8", 5],
  6: ["TIM15", 1],
};
/** EXTI lines 20 and 21. */
const COMP_LINES = { 1: 20, 2: 21 } as const;
/** Timers' inputs that TISEL and AF1.ETRSEL lead to the comparators, with the number of the selection. */
const COMP_INPUTS = {
  1: [
    ["TIM1", "TI1", 1],
    ["TIM2", "TI4", 1],
    ["TIM3", "TI1", 1],
    ["TIM1", "ETR", 1],
    ["TIM8", "ETR", 1],
    ["TIM2", "ETR", 1],
    ["TIM3", "ETR", 1],
  ],
  2: [
    ["TIM8", "TI1", 1],
    ["TIM2", "TI4", 2],
    ["TIM3", "TI1", 2],
    ["TIM1", "ETR", 2],
    ["TIM8", "ETR", 2],
    ["TIM2", "ETR", 2],
  ],
} as const;

/** A common block (CCR) and the clock that it makes for its converters. */
function adcClock(wiring: ChipWiring, name: string, gate: "ADC12" | "ADC3") {
  const { log, rcc } = wiring;
  const common = new AdcCommon({ name, log, clocked: rcc.clockGate(gate) });
  const hz = (): number => {
    const { ccr } = common;
    const mode = (ccr >>> 16) & 3;
    if (mode !== 0) return rcc.clockTree.hclkHz / 2 ** (mode - 1);
    // Revision V divides the asynchronous clock by two (RM0433, "ADC clocks").
    return rcc.clockTree.kernelHz("ADC", gate) / (ADC_PRESCALERS[(ccr >>> 18) & 0xf] ?? 1) / 2;
  };
  return { common, hz };
}

export function analogPeripherals(wiring: ChipWiring): ChipPart[] {
  const { log, timeline, rcc, irqLine, requests } = wiring;
  const shared = adcClock(wiring, "ADC12_COMMON", "ADC12");
  const third = adcClock(wiring, "ADC3_COMMON", "ADC3");
  const voltages = analogVoltages(wiring, () => comp.look());
  const { dac, opamp, vrefbuf } = voltages;
  const comp = comparators(wiring, voltages);
  const pinOf = (name: AdcName, channel: number): string => PINS[name][channel] ?? "-";
  const input = (name: AdcName, common: AdcCommon): ((channel: number) => number) => {
    return (channel) => {
      const pin = pinOf(name, channel);
      if (pin !== "-") return Math.min(1, voltages.at(pin));
      if (name === "ADC2") return voltages.dacOutput(channel === 16 ? 1 : 2);
      const source = INTERNAL[channel];
      if (source === undefined || (common.ccr & source.enable) === 0) return 0;
      return Math.min(1, voltages.fraction(source.volts));
    };
  };
  const make = (name: AdcName): Adc => {
    const own = name === "ADC3";
    const { common, hz } = own ? third : shared;
    return new Adc({
      name,
      log,
      timeline,
      interrupt: irqLine(own ? IRQS.ADC3 : IRQS.ADC12),
      clocked: rcc.clockGate(own ? "ADC3" : "ADC12"),
      clockHz: hz,
      request: requests.signal(name),
      onArmed: wiring.listenersChanged,
      onFilterData: (value) => wiring.dfsdm.setAdc(Number(name.slice(3)), value),
      input: input(name, common),
      external: (channel) => pinOf(name, channel) !== "-",
      ...(name === "ADC1"
        ? { partner: (injected) => (common.together(injected) ? adcs[1] : undefined) }
        : {}),
    });
  };
  const adcs = [make("ADC1"), make("ADC2"), make("ADC3")] as const;
  [shared.common.master, shared.common.slave] = adcs;
  third.common.master = adcs[2];
  connectTriggers(wiring, adcs, dac);
  return [
    { name: "ADC1", address: 0x4002_2000, size: 0x100, device: adcs[0], resetBit: "ADC12" },
    { name: "ADC2", address: 0x4002_2100, size: 0x200, device: adcs[1], resetBit: "ADC12" },
    { name: "ADC12_COMMON", address: 0x4002_2300, size: 0x100, device: shared.common, resetBit: "ADC12" },
    { name: "ADC3", address: 0x5802_6000, size: 0x300, device: adcs[2], resetBit: "ADC3" },
    { name: "ADC3_COMMON", address: 0x5802_6300, size: 0x100, device: third.common, resetBit: "ADC3" },
    { name: "DAC1", address: 0x4000_7400, device: dac, resetBit: "DAC12" },
    {
      name: "COMP12",
      address: 0x5800_3800,
      device: comp,
      resetBit: "COMP12",
      partReset: () => comp.partReset(),
    },
    { name: "OPAMP", address: 0x4000_9000, device: opamp, resetBit: "OPAMP" },
    { name: "VREFBUF", address: 0x5800_3c00, device: vrefbuf, resetBit: "VREF" },
  ];
}

function comparators(wiring: ChipWiring, { at, dacOutput, fraction }: AnalogVoltages): Comp {
  const { log, rcc, irqLine, inputs, signals, timer, gpio, exti } = wiring;
  const refresh = (name: string): void => {
    const { port, pin } = parsePin(name);
    gpio[port].refresh(pin);
  };
  const comp = new Comp({
    log,
    interrupt: irqLine(IRQS.COMP),
    clocked: rcc.clockGate("COMP12"),
    pin: at,
    dac: dacOutput,
    fraction,
    blanked: (selection) => {
      const [name, channel] = BLANKING[selection] ?? [];
      return name !== undefined && timer(name)?.reference(channel ?? 0) === true;
    },
    onOutput: (number, high) => {
      exti.edge(COMP_LINES[number], high);
      signals.raise(`COMP${number}_OUT`, high);
      for (const [name, at, source] of COMP_INPUTS[number]) timer(name)?.setInput(at, high, source);
      for (const name of BREAKABLE) {
        timer(name)?.setBreak(1, number, high);
        if (name === "TIM1" || name === "TIM8") timer(name)?.setBreak(2, number, high);
      }
      for (const pin of [...COMP_OUTPUTS[number], ...SHARED_OUTPUTS.keys()]) refresh(pin);
    },
    onLead: () => {
      for (const pin of SHARED_OUTPUTS.keys()) refresh(pin);
    },
  });
  for (const pin of COMPARATOR_PINS) inputs.add(pin, { af: undefined, feed: () => comp.look() });
  for (const number of [1, 2] as const) {
    for (const pin of COMP_OUTPUTS[number]) {
      const at = parsePin(pin);
      gpio[at.port].connect(at.pin, COMP_OUTPUT_AF, () => comp.output(number));
    }
  }
  for (const [name, { place, functions }] of SHARED_OUTPUTS) {
    const { port, pin } = parsePin(name);
    for (const af of functions) gpio[port].connect(pin, af, () => comp.shared(place));
  }
  listenToBlanking(wiring, comp);
  return comp;
}

/** A timer's output that holds a comparator low has changed. */
function listenToBlanking({ timer }: ChipWiring, comp: Comp): void {
  for (const [selection, [name, channel]] of Object.entries(BLANKING)) {
    const number = Number(selection);
    timer(name)?.onChannel(channel, {
      wants: () => comp.blankedBy(0) === number || comp.blankedBy(1) === number,
      pulse: () => {},
      changed: () => comp.look(),
    });
  }
}

const BREAK_SIGNALS = [
  "TIM1_BKIN_COMP12",
  "TIM1_BKIN2_COMP12",
  "TIM8_BKIN_COMP12",
  "TIM8_BKIN2_COMP12",
] as const;
/** COMPx_OUT (data sheet DS12556). */
const COMP_OUTPUTS = { 1: ["PC5", "PE12"], 2: ["PE8", "PE13"] } as const;
const COMP_OUTPUT_AF = 13;
/** Pins where OR.AFOP chooses between both, by its bits; a timer's break input there has it from the pin (RM0433, "Comparator output redirection"). */
const SHARED_OUTPUTS = new Map(
  ["PA6", "PA8", "PB12", "PE6", "PE15", "PG2", "PG3", "PG4", "PI1", "PI4", "PK2"].map((name, place) => {
    const functions = BREAK_SIGNALS.flatMap((signal) => {
      const pins: Readonly<Record<string, number>> = TIMER_PINS[signal];
      return pins[name] ?? [];
    });
    return [name, { place, functions }];
  }),
);

function connectTriggers(wiring: ChipWiring, adcs: readonly Adc[], dac: Dac): void {
  for (const group of ["regular", "injected"] as const) {
    TRIGGERS[group].forEach((source, selection) => {
      if (source === undefined) return;
      for (const adc of adcs) {
        listen(wiring, source, {
          wants: () => adc.wants(selection, group),
          edge: (high) => {
            if (high !== false) adc.trigger(selection, group);
          },
        });
      }
    });
  }
  DAC_TRIGGERS.forEach((source, selection) => {
    if (source === undefined) return;
    const wants = (): boolean => dac.wants(selection, 0) || dac.wants(selection, 1);
    const edge = (high: boolean | undefined): void => {
      if (high !== false) dac.trigger(selection);
    };
    listen(wiring, source, { wants, edge });
  });
}
