/** What a frame looks like at the TX and CK pins: levels over time (RM0433, "USART transmitter", "USART synchronous mode", "IrDA SIR ENDEC block"). */

export interface Edge {
  /** Nanoseconds from the frame's start. */
  readonly at: number;
  readonly level: boolean;
}

/** Levels of a line that changes at bit boundaries: start bit, the word's bits from the lowest on, stop bits. */
export function frameEdges(word: number, bits: number, bitNs: number): Edge[] {
  const edges: Edge[] = [{ at: 0, level: false }];
  for (let bit = 0; bit < bits; bit++)
    edges.push({ at: (1 + bit) * bitNs, level: ((word >>> bit) & 1) === 1 });
  edges.push({ at: (1 + bits) * bitNs, level: true });
  return edges;
}

export const breakEdges = (lowBits: number, bitNs: number): Edge[] => [
  { at: 0, level: false },
  { at: lowBits * bitNs, level: true },
];

/** IrDA: a pulse of light for each zero, darkness (low) else. */
export function infraredEdges(edges: readonly Edge[], bitNs: number, pulseNs: number, endNs: number): Edge[] {
  const pulses: Edge[] = [];
  edges.forEach(({ at, level }, index) => {
    if (level) return;
    const until = edges[index + 1]?.at ?? endNs;
    for (let from = at; from < until - bitNs / 2; from += bitNs) {
      pulses.push({ at: from, level: true }, { at: from + pulseNs, level: false });
    }
  });
  return pulses;
}

/** CK: a pulse for each data bit, in its second half, or with CPHA = 1 in its first. `true` is the level that CPOL does not name. */
export function clockEdges(bits: number, bitNs: number, phase: boolean, lastPulse: boolean): Edge[] {
  const edges: Edge[] = [];
  const offset = phase ? 0 : 0.5;
  for (let bit = 0; bit < bits - (lastPulse ? 0 : 1); bit++) {
    const from = (1 + bit + offset) * bitNs;
    edges.push({ at: from, level: true }, { at: from + bitNs / 2, level: false });
  }
  return edges;
}

/** The level `ns` after the frame's start. A nanosecond's fraction makes no difference between an edge and its event. */
export function levelAt(edges: readonly Edge[], ns: number, idle: boolean): boolean {
  let level = idle;
  for (const edge of edges) {
    if (edge.at > ns + 1e-3) break;
    level = edge.level;
  }
  return level;
}
