/** Where voltages come from: pins, DAC, OPAMP, VREFBUF. All are fractions of VREF+. */

import { Dac } from "../peripherals/analog/dac.js";
import { SUPPLY_VOLTS } from "../peripherals/analog/internal-voltages.js";
import { OPAMP_INPUTS, Opamp } from "../peripherals/analog/opamp.js";
import { Vrefbuf } from "../peripherals/analog/vrefbuf.js";
import { parsePin } from "../peripherals/gpio.js";
import type { ChipWiring } from "./chip-wiring.js";

export interface AnalogVoltages {
  readonly dac: Dac;
  readonly opamp: Opamp;
  readonly vrefbuf: Vrefbuf;
  /** What is at a pin or pad: "PA0_C". */
  readonly at: (pin: string) => number;
  readonly dacOutput: (channel: 1 | 2) => number;
  /** A voltage inside the chip. */
  readonly fraction: (volts: number) => number;
}

const DAC_PINS = ["PA4", "PA5"] as const;
const OPEN_INPUT = 0.5;
const NOISE = 0.02;
const DAC_IRQ = 54;

/** @param changed runs when a voltage may be another than before */
export function analogVoltages(wiring: ChipWiring, changed: () => void): AnalogVoltages {
  const { log, timeline, rcc, irqLine, requests, inputs } = wiring;
  const dac = new Dac({
    log,
    timeline,
    lsiHz: () => rcc.clockTree.oscillatorHz("LSI"),
    clocked: rcc.clockGate("DAC12"),
    interrupt: irqLine(DAC_IRQ),
    requests: [requests.signal("DAC1_CH1"), requests.signal("DAC1_CH2")],
    onArmed: wiring.listenersChanged,
    onOutput: changed,
  });
  const vrefbuf = new Vrefbuf({ log, timeline, clocked: rcc.clockGate("VREF"), onVoltage: changed });
  const fraction = (volts: number): number => volts / vrefbuf.volts;
  const supply = (): number => fraction(SUPPLY_VOLTS);
  const dacOutput = (channel: 1 | 2): number => dac.inside(channel === 1 ? 0 : 1);
  const opamp: Opamp = new Opamp({
    log,
    clocked: rcc.clockGate("OPAMP"),
    pin: (name) => at(name),
    dac: dacOutput,
    supply,
    onOutput: changed,
  });
  for (const pin of OPAMP_INPUTS) inputs.add(pin, { af: undefined, feed: changed });
  const at = atPins(wiring, { dac, opamp, supply });
  return { dac, opamp, vrefbuf, at, dacOutput, fraction };
}

interface Sources {
  readonly dac: Dac;
  readonly opamp: Opamp;
  /** VDDA, which pins that are high have, too. */
  readonly supply: () => number;
}

function atPins({ gpio, random, syscfg }: ChipWiring, { dac, opamp, supply }: Sources) {
  const open = (): number => OPEN_INPUT + (random() - 0.5) * NOISE;
  return (place: string): number => {
    const pad = place.endsWith("_C");
    if (pad && syscfg.switchOpen(place)) return open();
    const name = pad ? place.slice(0, -2) : place;
    const side = DAC_PINS.indexOf(name as (typeof DAC_PINS)[number]);
    if ((side === 0 || side === 1) && dac.drivesPin(side)) return dac.output(side) ?? 0;
    const amplified = opamp.atPin(name);
    if (amplified !== undefined) return amplified;
    const { port, pin } = parsePin(name);
    const driven = gpio[port].driven(pin);
    return driven === undefined ? open() : driven ? supply() : 0;
  };
}
