/** What answers at an I2C bus (UM10204, sections 3.1.4 to 3.1.12). */

export interface I2cDevice {
  /** Seven bits. */
  readonly address: number;
  /** Its address was sent. @returns whether it acknowledges */
  start(reading: boolean): boolean;
  /** @returns whether it acknowledges */
  write(byte: number): boolean;
  read(): number;
  /** A stop condition, or a start that addresses somebody else. */
  stop(): void;
}
