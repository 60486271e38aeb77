/** All peripherals that have no say over clocks, power and resets. A new one is a row in a factory's file, or a factory of its own here. */

import type { Dcmi } from "../peripherals/dcmi/dcmi.js";
import type { Picture } from "../peripherals/graphics/ltdc-picture.js";
import type { OtgFs } from "../peripherals/otg/otg-fs.js";
import type { QuadSpi } from "../peripherals/quadspi/quadspi.js";
import type { Crs } from "../peripherals/rcc/crs.js";
import type { Tim } from "../peripherals/timers/tim.js";
import type { Usart } from "../peripherals/usart/usart.js";
import { analogPeripherals } from "./analog-wiring.js";
import { audioInterfaces } from "./audio-wiring.js";
import { cameraInterface } from "./camera-interface.js";
import type { ChipFrame } from "./chip-frame.js";
import type { ChipPart } from "./chip-part.js";
import type { ChipPins } from "./chip-pins.js";
import type { ChipWiring, SystemWiring } from "./chip-wiring.js";
import { sigmaDeltaFilters } from "./dfsdm-wiring.js";
import { dmaControllers } from "./dma-wiring.js";
import { highResolutionTimer } from "./hrtim-wiring.js";
import { lonelyLines } from "./lines.js";
import { lowPowerTimers } from "./low-power-timers.js";
import { canControllers, ethernet } from "./networks.js";
import { quadSpi } from "./quadspi-part.js";
import { delayBlocks, display, sdCards } from "./screens-and-cards.js";
import { i2cs, spis } from "./serial-buses.js";
import { serialPorts } from "./serial-ports.js";
import { simplePeripherals } from "./simple-peripherals.js";
import { storedPeripherals } from "./stored-peripherals.js";
import { BREAKABLE } from "./system-break.js";
import { TimerWiring } from "./timer-wiring.js";
import { timers } from "./timers.js";
import { clockRecovery, usbCore } from "./usb-cores.js";

/** Nobody asks for one of these by name. */
const FACTORIES: readonly ((wiring: ChipWiring) => readonly ChipPart[])[] = [
  simplePeripherals,
  spis,
  i2cs,
  audioInterfaces,
  lowPowerTimers,
  analogPeripherals,
  sdCards,
  delayBlocks,
  canControllers,
  ethernet,
  lonelyLines,
  dmaControllers,
  storedPeripherals,
];

/** Those that the board or the chip itself reaches for. */
export interface ChipParts {
  readonly quadspi: QuadSpi;
  readonly crs: Crs;
  readonly dcmi: Dcmi;
  readonly otg: OtgFs;
  readonly otgHs: OtgFs;
  readonly serial: ReadonlyMap<string, Usart>;
  readonly timer: (name: string) => Tim | undefined;
  readonly setSystemBreak: (active: boolean) => void;
  /** What LTDC puts onto a panel now; undefined while it is off. */
  readonly picture: () => Picture | undefined;
}

export function makeParts(system: SystemWiring, { map, clocks }: ChipFrame): ChipParts {
  const serial = new Map<string, Usart>();
  for (const part of serialPorts(system)) serial.set(part.name, map.add(part));
  const byName = new Map<string, Tim>();
  const timer = (name: string): Tim | undefined => byName.get(name);
  let timerWiring: TimerWiring | undefined;
  for (const part of timers(system, (name) => timerWiring?.outputs(name))) {
    byName.set(part.name, map.add(part));
    clocks.addTimer(part.name, part.device);
  }
  timerWiring = connectTimers(system.pins, timer);
  const hrtim = map.add(highResolutionTimer({ ...system, timer }));
  clocks.addTimer("HRTIM", hrtim);
  const quadspi = map.add(quadSpi(system, map));
  const dfsdm = map.add(sigmaDeltaFilters({ ...system, timer, hrtim }));
  const wiring: ChipWiring = { ...system, timer, hrtim, dfsdm, quadspi };
  const ltdc = map.add(display(wiring));
  for (const parts of FACTORIES) for (const part of parts(wiring)) map.add(part);
  return {
    quadspi,
    crs: map.add(clockRecovery(system)),
    dcmi: map.add(cameraInterface(wiring)),
    otg: map.add(usbCore("USB2_OTG_FS", system)),
    otgHs: map.add(usbCore("USB1_OTG_HS", system)),
    serial,
    timer,
    setSystemBreak: (active) => {
      for (const name of BREAKABLE) timer(name)?.setSystemBreak(active);
      hrtim.setSystemFault(active);
    },
    picture: () => ltdc.picture(),
  };
}

function connectTimers(pins: ChipPins, timer: (name: string) => Tim | undefined): TimerWiring {
  const { gpio, inputs } = pins;
  const wiring = new TimerWiring({ gpio, inputs, timer, awaited: (port, pin) => pins.awaited(port, pin) });
  pins.onAwaited(() => wiring.awaitedChanged());
  return wiring;
}
