/** What a camera of the emulator looks at: eight colour bars, and below them a grey ramp with a white mark that moves. */

/** Red, green, blue; 0 to 255. */
export type Colour = readonly [number, number, number];

const HIGH = 235;
const LOW = 16;
/** Bits: green, red, blue; from white to black, each darker than the one before. */
const BARS = [0b111, 0b110, 0b101, 0b100, 0b011, 0b010, 0b001, 0b000].map((bar): Colour => {
  const part = (bit: number): number => ((bar & bit) !== 0 ? HIGH : LOW);
  return [part(0b010), part(0b100), part(0b001)];
});
/** The ramp's part of the height, and places of the mark. */
const RAMP = 1 / 4;
const PLACES = 16;

export interface Scene {
  readonly width: number;
  readonly height: number;
  /** Frames so far: the mark is at another place in each. */
  readonly number: number;
}

export function colourAt({ width, height, number }: Scene, x: number, y: number): Colour {
  if (y < height * (1 - RAMP)) return BARS[Math.floor((x * BARS.length) / width)] as Colour;
  if (Math.floor((x * PLACES) / width) === number % PLACES) return [255, 255, 255];
  const grey = Math.floor((x * 256) / width);
  return [grey, grey, grey];
}

/** ITU-R BT.601 in the whole range, as JFIF has it: luminance, blue and red difference. */
export function yCbCr([red, green, blue]: Colour): Colour {
  const y = 0.299 * red + 0.587 * green + 0.114 * blue;
  return [y, 128 + (blue - y) / 1.772, 128 + (red - y) / 1.402].map(Math.round) as unknown as Colour;
}
