/** Sensors of cameras by their names. */

import { Ov2640 } from "../camera/ov2640.js";
import type { CameraSensor } from "../camera/sensor.js";
import { encodePicture } from "../peripherals/jpeg/jpeg-picture.js";

/** A board's file names a camera that is not modelled. */
export class UnknownCameraPart extends Error {
  override readonly name = "UnknownCameraPart";
}

const SENSORS: Readonly<Record<string, (clockHz: () => number) => CameraSensor>> = {
  OV2640: (clockHz) => new Ov2640({ clockHz, encodeJpeg: encodePicture }),
};

/** @throws UnknownCameraPart naming those that exist */
export function cameraSensor(part: string, clockHz: () => number): CameraSensor {
  const make = SENSORS[part];
  if (make !== undefined) return make(clockHz);
  const known = Object.keys(SENSORS).join(", ");
  throw new UnknownCameraPart(`camera "${part}" is not modelled; use one of: ${known}`);
}
