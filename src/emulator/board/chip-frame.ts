/** What every peripheral of the chip hangs on: core and bus, and the lines that run between them. */

import type { EmulatorLog } from "../bus.js";
import type { CortexM7 } from "../cpu/core.js";
import type { SystemBus } from "../cpu/memory/system-bus.js";
import type { Timeline } from "../timeline.js";
import type { ChipMap } from "./chip-map.js";
import type { ClockFollowers } from "./clock-followers.js";
import type { InternalSignals } from "./internal-signals.js";
import type { SharedLines } from "./shared-lines.js";
import type { SystemBreak } from "./system-break.js";

export interface ChipFrame {
  readonly log: EmulatorLog;
  readonly timeline: Timeline;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  readonly cpu: CortexM7;
  readonly bus: SystemBus;
  readonly map: ChipMap;
  readonly irqs: SharedLines;
  readonly signals: InternalSignals;
  readonly clocks: ClockFollowers;
  readonly systemBreak: SystemBreak;
}
