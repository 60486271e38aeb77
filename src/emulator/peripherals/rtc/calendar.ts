/** The RTC's calendar in BCD (RM0433, chapter RTC): years 2000..2099, hours of 24 or of 12 with PM. */

const SECONDS_A_DAY = 86400;
const PM = 1 << 22;
const DAYS_A_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

const fromBcd = (value: number): number => (value >>> 4) * 10 + (value & 0xf);
const toBcd = (value: number): number => (Math.floor(value / 10) << 4) | (value % 10);

const monthLength = (year: number, month: number): number =>
  month === 1 && year % 4 === 0 ? 29 : (DAYS_A_MONTH[month] ?? 31);
const yearLength = (year: number): number => (year % 4 === 0 ? 366 : 365);

/** RTC_TR and RTC_DR. */
export interface CalendarRegisters {
  readonly tr: number;
  readonly dr: number;
}

export interface CalendarTime {
  /** Seconds since 2000-01-01 00:00:00. */
  readonly seconds: number;
  /** 1 = Monday .. 7 = Sunday on that day, as software set it. */
  readonly weekday: number;
  /** RTC_DR as software wrote it, which it is until midnight: ST's time base by alarms has a day 0. */
  readonly dr?: number;
}

/** Seconds since midnight; day 0 of January 2000 is before the first of all days. */
export const secondOfDay = (seconds: number): number =>
  seconds - Math.floor(seconds / SECONDS_A_DAY) * SECONDS_A_DAY;

/** @param twelve CR.FMT: hours are 12, 1..11 AM and PM. */
export function parseCalendar({ tr, dr }: CalendarRegisters, twelve: boolean): CalendarTime {
  const shown = fromBcd((tr >>> 16) & 0x3f);
  const hour = twelve ? (shown % 12) + ((tr & PM) !== 0 ? 12 : 0) : shown;
  const time = hour * 3600 + fromBcd((tr >>> 8) & 0x7f) * 60 + fromBcd(tr & 0x7f);
  const year = fromBcd((dr >>> 16) & 0xff);
  const month = Math.max(1, fromBcd((dr >>> 8) & 0x1f)) - 1;
  let days = fromBcd(dr & 0x3f) - 1;
  for (let y = 0; y < year; y++) days += yearLength(y);
  for (let m = 0; m < month; m++) days += monthLength(year, m);
  return { seconds: days * SECONDS_A_DAY + time, weekday: Math.max(1, (dr >>> 13) & 7), dr };
}

/** `start` moved on by `elapsed` whole seconds, as registers. */
export function formatCalendar(start: CalendarTime, elapsed: number, twelve: boolean): CalendarRegisters {
  const seconds = start.seconds + elapsed;
  const inDay = secondOfDay(seconds);
  let days = Math.floor(seconds / SECONDS_A_DAY);
  const passed = days - Math.floor(start.seconds / SECONDS_A_DAY);
  const weekday = ((start.weekday - 1 + passed) % 7) + 1;
  let year = 0;
  for (; days >= yearLength(year); year++) days -= yearLength(year);
  let month = 0;
  for (; days >= monthLength(year, month); month++) days -= monthLength(year, month);
  const hour = Math.floor(inDay / 3600);
  const tr =
    (twelve ? (hour >= 12 ? PM : 0) | (toBcd(hour % 12 || 12) << 16) : toBcd(hour) << 16) |
    (toBcd(Math.floor((inDay % 3600) / 60)) << 8) |
    toBcd(inDay % 60);
  if (passed === 0 && start.dr !== undefined) return { tr, dr: start.dr };
  const dr = (toBcd(year % 100) << 16) | (weekday << 13) | (toBcd(month + 1) << 8) | toBcd(days + 1);
  return { tr, dr };
}
