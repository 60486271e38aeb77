/** A line of the test picture in the formats that sensors send. */

import { colourAt, type Scene, yCbCr } from "./test-picture.js";

export type PixelFormat = "RGB565" | "YUV422";

/** @param lowFirst the lower byte, or the colour differences, come first */
export function lineBytes(scene: Scene, line: number, format: PixelFormat, lowFirst: boolean): Uint8Array {
  const bytes = new Uint8Array(scene.width * 2);
  for (let x = 0; x < scene.width; x++) {
    const [high, low] = format === "RGB565" ? rgb565(scene, x, line) : yuv422(scene, x, line);
    bytes[2 * x] = lowFirst ? low : high;
    bytes[2 * x + 1] = lowFirst ? high : low;
  }
  return bytes;
}

function rgb565(scene: Scene, x: number, y: number): readonly [number, number] {
  const [red, green, blue] = colourAt(scene, x, y);
  const pixel = ((red >>> 3) << 11) | ((green >>> 2) << 5) | (blue >>> 3);
  return [pixel >>> 8, pixel & 0xff];
}

/** Two pixels share the differences of the first. */
function yuv422(scene: Scene, x: number, y: number): readonly [number, number] {
  const [luminance] = yCbCr(colourAt(scene, x, y));
  const [, cb, cr] = yCbCr(colourAt(scene, x & ~1, y));
  return [luminance, (x & 1) === 0 ? cb : cr];
}
