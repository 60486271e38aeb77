/** Voltages inside the chip (data sheet DS12556, typical): what ADC3 converts, and what the factory's calibration tells of it. */

/** VDDA and VREF+. */
export const SUPPLY_VOLTS = 3.3;
export const REFERENCE_VOLTS = 1.216;
/** Temperature sensor at 30 degrees. */
export const SENSOR_VOLTS = 0.62;
export const SENSOR_VOLTS_PER_DEGREE = 0.002;
