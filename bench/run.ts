/** One measurement. */

import { ADDRESS, type Costs, makeRig } from "./rig.js";
import type { Scenario } from "./scenarios.js";

/** @throws Error when the flash does not hold the image afterwards: a wrong result has no speed. */
export async function runScenario(scenario: Scenario, seed: number): Promise<Costs> {
  const { image, held, engine } = scenario;
  const rig = await makeRig(held, seed);
  const costs = await rig.measure((connection) =>
    engine(connection, { address: ADDRESS, bytes: image }, rig.timers),
  );
  const { content } = rig.board.flashChip;
  const offset = ADDRESS - rig.board.board.flash.address;
  for (let i = 0; i < image.length; i++) {
    if (content[offset + i] === image[i]) continue;
    throw new Error(`${scenario.name}: the flash does not hold the image at 0x${(ADDRESS + i).toString(16)}`);
  }
  return costs;
}
