/** What the factories of the chip's peripherals are given; each takes what it needs of it. */

import type { EmulatorLog, InterruptLine } from "../bus.js";
import type { FrozenName } from "../peripherals/dbgmcu.js";
import type { Dfsdm } from "../peripherals/dfsdm/dfsdm.js";
import type { DmaBus } from "../peripherals/dma/dma-channel.js";
import type { Exti } from "../peripherals/exti.js";
import type { Gpio, PortLetter } from "../peripherals/gpio.js";
import type { Hrtim } from "../peripherals/hrtim/hrtim.js";
import type { Pwr } from "../peripherals/pwr/pwr.js";
import type { QuadSpi } from "../peripherals/quadspi/quadspi.js";
import type { Rcc } from "../peripherals/rcc/rcc.js";
import type { SystemResetCause } from "../peripherals/rcc/rcc-reset-cause.js";
import type { Syscfg } from "../peripherals/syscfg.js";
import type { Tim } from "../peripherals/timers/tim.js";
import type { Timeline } from "../timeline.js";
import type { ChipOptions } from "./chip-options.js";
import type { ChipPins } from "./chip-pins.js";
import type { TimerClock } from "./clock-followers.js";
import type { ChipRequests } from "./dma-requests.js";
import type { InternalSignals } from "./internal-signals.js";
import type { PinInputs } from "./pin-inputs.js";

/** Clocks, power, resets, interrupts and pins: there before any other peripheral is made. */
export interface SystemWiring {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  /** Numbers in [0, 1): noise of open inputs. */
  readonly random: () => number;
  /** What the board has around the chip. */
  readonly attached: ChipOptions;
  readonly rcc: Rcc;
  readonly pwr: Pwr;
  readonly exti: Exti;
  readonly syscfg: Syscfg;
  readonly pins: ChipPins;
  readonly gpio: Readonly<Record<PortLetter, Gpio>>;
  readonly inputs: PinInputs;
  readonly signals: InternalSignals;
  /** Where DMA requests go, by name: "TIM3_UP". */
  readonly requests: ChipRequests;
  /** A source of its own into the interrupt, which is asserted while any of its sources is. */
  readonly irqLine: (irq: number) => InterruptLine;
  /** The bus as a DMA master inside a peripheral reaches it. @param name the master's */
  readonly dma: (name: string) => DmaBus;
  /** A debugger holds this one. */
  readonly frozen: (name: FrozenName) => boolean;
  /** Does the timer's clock run: its gate, its gate while the core sleeps, a debugger's freeze? */
  readonly runs: (name: TimerClock) => () => boolean;
  /** `changed` runs after anything that may change a frequency. */
  readonly onClockChange: (changed: () => void) => void;
  /** To be called when others listen to the timers' triggers than before. */
  readonly listenersChanged: () => void;
  /** As `ClockFollowers.cached`. */
  readonly cached: (hz: () => number) => () => number;
  /** The core sleeps. */
  readonly sleeping: () => boolean;
  /** What QUADSPI's window shows is another memory than before. */
  readonly onMappingChange: () => void;
  /** FDCAN's message RAM. */
  readonly messages: Uint8Array;
  readonly onReset: (cause: SystemResetCause) => void;
}

/** With the peripherals that others are connected to. */
export interface ChipWiring extends SystemWiring {
  readonly timer: (name: string) => Tim | undefined;
  readonly hrtim: Hrtim;
  readonly dfsdm: Dfsdm;
  readonly quadspi: QuadSpi;
}
