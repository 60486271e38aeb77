/** Requests of peripherals to a DMA controller, by the number that DMAMUX knows them under. */

/** A peripheral's side of a request. */
export interface DmaSignal {
  /** Asks for as long as it is set, like a FIFO with room. */
  set(asserted: boolean): void;
  /** Asks once, like a timer's update. */
  pulse(): void;
  /** A pulse was not served yet. */
  readonly pending?: boolean;
  /** Takes such a pulse back. */
  withdraw?(): void;
}

export const NO_DMA: DmaSignal = { set: () => {}, pulse: () => {} };

interface Line {
  level: boolean;
  pulses: number;
}

export class DmaRequests {
  readonly #lines = new Map<number, Line>();
  readonly #listeners: ((id: number) => void)[] = [];

  signal(id: number): DmaSignal {
    const line = this.#line(id);
    return {
      set: (asserted) => {
        if (line.level === asserted) return;
        line.level = asserted;
        if (asserted) this.#tell(id);
      },
      pulse: () => {
        // A request that was not served yet swallows the next one.
        line.pulses = 1;
        this.#tell(id);
      },
      get pending() {
        return line.pulses > 0;
      },
      withdraw: () => {
        line.pulses = 0;
      },
    };
  }

  asserted(id: number): boolean {
    const line = this.#lines.get(id);
    return line !== undefined && (line.level || line.pulses > 0);
  }

  /** The controller served the request. */
  taken(id: number): void {
    const line = this.#lines.get(id);
    if (line !== undefined) line.pulses = 0;
  }

  /** `listener` runs when a request is raised. */
  onRequest(listener: (id: number) => void): void {
    this.#listeners.push(listener);
  }

  #line(id: number): Line {
    const known = this.#lines.get(id);
    if (known !== undefined) return known;
    const line = { level: false, pulses: 0 };
    this.#lines.set(id, line);
    return line;
  }

  #tell(id: number): void {
    for (const listener of this.#listeners) listener(id);
  }
}
