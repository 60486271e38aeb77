/** A camera's sensor as its socket sees it. */

import type { I2cDevice } from "../i2c-device.js";

/** What it sends for a frame. */
export interface CameraFrame {
  /** For messages: "160 x 120, RGB565". */
  readonly description: string;
  /** Frames a second. */
  readonly rate: number;
  readonly lines: number;
  /** A byte for each pixel clock. */
  readonly line: (n: number) => Uint8Array;
}

export interface CameraSensor extends I2cDevice {
  powerOn(): void;
  /** The next frame; undefined: it sends none. @param number counts the frames */
  frame(number: number): CameraFrame | undefined;
  /** Levels of VSYNC in a frame, and of HREF in a line. */
  readonly active: { readonly VSYNC: boolean; readonly HREF: boolean };
  /** Runs when its registers have changed. */
  onChange: () => void;
}
