/** Days as a certificate counts them: since 1970-01-01, UTC; 0 means never. */

const MS_PER_DAY = 86_400_000;
const LAST_DAY = 2_932_896; // 9999-12-31

export const NEVER = 0;

/** @param milliseconds since 1970-01-01, UTC. */
export function dayOf(milliseconds: number): number {
  return Math.floor(milliseconds / MS_PER_DAY);
}

/** "2027-01-31" from a day's number, "never" from 0. A day beyond year 9999 is written as its number. */
export function dayText(day: number): string {
  if (day === NEVER) return "never";
  return day > LAST_DAY ? `day ${day}` : new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}

/** @returns undefined when `text` is neither "never" nor a day of the calendar after 1970-01-01, as YYYY-MM-DD. */
export function parseDay(text: string): number | undefined {
  if (text === "never") return NEVER;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const day = dayOf(Date.parse(`${text}T00:00:00Z`));
  return day > NEVER && dayText(day) === text ? day : undefined;
}

/** The day on which it ends is no longer part of it. @param now milliseconds since 1970-01-01, UTC. */
export function isExpired(expiry: number, now: number): boolean {
  return expiry !== NEVER && dayOf(now) >= expiry;
}
