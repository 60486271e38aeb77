/**
 * The host's driver for USB Audio, as an operating system's: a stream runs while an application has it open. The application
 * is the owner's: it records the first microphone, or plays to the first loudspeaker that takes its samples.
 */

import { type AudioStream, findAudioStreams, isInput, type PcmFormat, type RateRange } from "./audio.js";
import type { ControlResult } from "./control.js";
import { type Conversation, converse, type DriverHost, type HostDriver, setInterface } from "./driver.js";
import type { EnumeratedDevice, Question } from "./enumeration.js";
import type { Pipe } from "./frames.js";
import { IsochronousIn, IsochronousOut, intervalOf, packetSize } from "./isochronous.js";

export interface SampledFormat extends PcmFormat {
  /** Samples a second. */
  readonly rate: number;
}

export interface PcmSource extends SampledFormat {
  /** At most so many samples of all channels; fewer at the end, then none. */
  read(samples: number): Uint8Array;
}

export interface AudioUse {
  /** A microphone was opened. @returns what takes its bytes. */
  readonly record?: ((format: SampledFormat) => (bytes: Uint8Array) => void) | undefined;
  /** Is played once to each device that appears, from where it is. */
  readonly play?: PcmSource | undefined;
}

const FRAMES_PER_SECOND = 1000;
const REQUEST = { CUR: 1, RANGE: 2 } as const;
/** Sampling frequency control: of the endpoint in version 1, of the clock source in version 2. */
const SAMPLING_FREQUENCY = 0x0100;

export class AudioDriver implements HostDriver {
  readonly #use: AudioUse;

  constructor(use: AudioUse) {
    this.#use = use;
  }

  attach({ configuration }: EnumeratedDevice, host: DriverHost): (() => void) | undefined {
    const streams = findAudioStreams(configuration);
    if (streams.length === 0) return undefined;
    const opened: OpenStream[] = [];
    const { record, play } = this.#use;
    if (record !== undefined) {
      const inputs = streams.filter(isInput);
      converse(
        host,
        openBest(inputs, host, opened, (stream, rate) => recording(stream, rate, host, record)),
      );
    }
    if (play !== undefined) {
      const outputs = streams.filter((stream) => !isInput(stream) && sameFormat(stream, play));
      if (outputs.length === 0) host.log.note(`usb: nothing plays ${describe(play)}: ${offers(streams)}`);
      converse(
        host,
        openBest(outputs, host, opened, (stream) => playing(stream, play, host), play.rate),
      );
    }
    return () => {
      for (const stream of opened) stream.close();
    };
  }
}

interface OpenStream {
  readonly pipes: readonly Pipe[];
  close(): void;
}

type Start = (stream: AudioStream, rate: number) => Pipe[];

/** Of the settings that fit into what is left of a frame, the one with the largest packets. */
function* openBest(
  streams: readonly AudioStream[],
  host: DriverHost,
  opened: OpenStream[],
  start: Start,
  rate?: number,
): Conversation {
  const bySize = [...streams].sort((a, b) => packetSize(b.endpoint) - packetSize(a.endpoint));
  const stream = bySize.find((one) => host.bandwidth.reserve(endpointsOf(one)));
  if (stream === undefined) {
    if (streams[0] !== undefined)
      host.log.note(`usb: no setting of the ${kindOf(streams[0])} fits into a frame (error -28)`);
    return;
  }
  const name = `interface ${stream.interface}, setting ${stream.alternate}`;
  const chosen = yield* prepare(stream, rate);
  if (typeof chosen === "string") {
    host.bandwidth.release(endpointsOf(stream));
    host.log.note(`usb: ${name}: ${chosen}`);
    return;
  }
  host.log.note(`usb: ${kindOf(stream)} at ${name}: ${describe({ ...stream, rate: chosen })}`);
  const pipes = start(stream, chosen);
  for (const pipe of pipes) host.bus.add(pipe);
  opened.push({
    pipes,
    close: () => {
      for (const pipe of pipes) host.bus.remove(pipe);
    },
  });
}

function kindOf(stream: AudioStream): string {
  return isInput(stream) ? "microphone" : "loudspeaker";
}

function endpointsOf({ endpoint, feedback }: AudioStream) {
  return feedback === undefined ? [endpoint] : [endpoint, feedback];
}

function sameFormat(a: PcmFormat, b: PcmFormat): boolean {
  return a.channels === b.channels && a.bytesPerSample === b.bytesPerSample;
}

function describe({ channels, bytesPerSample, rate }: SampledFormat): string {
  return `${channels} x ${8 * bytesPerSample} bits at ${rate} Hz`;
}

function offers(streams: readonly AudioStream[]): string {
  const outputs = streams.filter((stream) => !isInput(stream));
  const formats = outputs.map(({ channels, bytesPerSample }) => `${channels} x ${8 * bytesPerSample} bits`);
  return formats.length === 0 ? "the device has no audio output" : `the device takes ${formats.join(", ")}`;
}

/** Sets rate and setting, each version in the order that Linux has, from a silent interface. @returns the rate, or what failed. */
function* prepare(
  stream: AudioStream,
  wanted: number | undefined,
): Generator<Question, number | string, ControlResult> {
  const { clock } = stream;
  yield setInterface(stream.interface, 0);
  if (clock !== undefined) {
    const rate = yield* setClock(stream, clock, wanted);
    if (typeof rate === "string") return rate;
    const set = yield setInterface(stream.interface, stream.alternate);
    return set.ok ? rate : `SET_INTERFACE: error ${set.error}`;
  }
  const rate = chooseRate(stream, stream.rates, wanted);
  if (rate === undefined) return noRate(stream.rates, wanted);
  const set = yield setInterface(stream.interface, stream.alternate);
  if (!set.ok) return `SET_INTERFACE: error ${set.error}`;
  if (!stream.setsRate) return rate;
  const answer = yield {
    bmRequestType: 0x22,
    bRequest: REQUEST.CUR,
    wValue: SAMPLING_FREQUENCY,
    wIndex: stream.endpoint.bEndpointAddress,
    data: littleEndian(rate, 3),
  };
  return answer.ok ? rate : `sampling frequency ${rate} Hz: error ${answer.error}`;
}

function* setClock(
  stream: AudioStream,
  clock: NonNullable<AudioStream["clock"]>,
  wanted: number | undefined,
): Generator<Question, number | string, ControlResult> {
  const target = { wValue: SAMPLING_FREQUENCY, wIndex: (clock.entity << 8) | clock.interface };
  const ask = (wLength: number): Question => ({
    bmRequestType: 0xa1,
    bRequest: REQUEST.RANGE,
    ...target,
    wLength,
  });
  const head = yield ask(2);
  if (!head.ok) return `sampling frequencies of clock ${clock.entity}: error ${head.error}`;
  const list = yield ask(2 + 12 * uint(head.data, 0, 2));
  if (!list.ok) return `sampling frequencies of clock ${clock.entity}: error ${list.error}`;
  const ranges = Array.from({ length: uint(list.data, 0, 2) }, (_, n) => ({
    min: uint(list.data, 2 + 12 * n, 4),
    max: uint(list.data, 6 + 12 * n, 4),
  }));
  const rate = chooseRate(stream, ranges, wanted);
  if (rate === undefined) return noRate(ranges, wanted);
  const set = yield {
    bmRequestType: 0x21,
    bRequest: REQUEST.CUR,
    ...target,
    data: littleEndian(rate, 4),
  };
  const fixed = ranges.length === 1 && ranges[0]?.min === ranges[0]?.max;
  return set.ok || fixed ? rate : `sampling frequency ${rate} Hz: error ${set.error}`;
}

/** What was asked for; else the highest whose samples fit into the endpoint's packets. */
function chooseRate(
  stream: AudioStream,
  ranges: readonly RateRange[],
  wanted: number | undefined,
): number | undefined {
  if (wanted !== undefined)
    return ranges.some((one) => one.min <= wanted && wanted <= one.max) ? wanted : undefined;
  const most = Math.floor(packetSize(stream.endpoint) / (stream.channels * stream.bytesPerSample));
  const limit = (most * FRAMES_PER_SECOND) / intervalOf(stream.endpoint);
  const fitting = ranges.filter(({ min }) => min <= limit);
  return fitting.length === 0 ? undefined : Math.max(...fitting.map(({ max }) => Math.min(max, limit)));
}

function noRate(ranges: readonly RateRange[], wanted: number | undefined): string {
  const text = ranges.map(({ min, max }) => (min === max ? `${min}` : `${min} to ${max}`)).join(", ");
  return wanted === undefined
    ? `its packets are too small for ${text} Hz`
    : `takes ${text} Hz, not ${wanted} Hz`;
}

function recording(
  stream: AudioStream,
  rate: number,
  host: DriverHost,
  record: NonNullable<AudioUse["record"]>,
): Pipe[] {
  const { channels, bytesPerSample, endpoint } = stream;
  const receive = record({ channels, bytesPerSample, rate });
  return [new IsochronousIn(host, endpoint, intervalOf(endpoint), receive)];
}

function playing(stream: AudioStream, source: PcmSource, host: DriverHost): Pipe[] {
  const { endpoint, feedback } = stream;
  const sample = stream.channels * stream.bytesPerSample;
  const most = Math.floor(packetSize(endpoint) / sample);
  const pace = new Pace(source.rate / FRAMES_PER_SECOND, intervalOf(endpoint), most);
  const pipes: Pipe[] = [];
  const finish = (): void => {
    for (const pipe of pipes) host.bus.remove(pipe);
    host.bandwidth.release(endpointsOf(stream));
    host.ask(setInterface(stream.interface, 0), () => {});
  };
  const supply = (): Uint8Array => {
    const samples = pace.next();
    const bytes = source.read(samples);
    if (samples > 0 && bytes.length === 0) finish();
    return bytes;
  };
  pipes.push(new IsochronousOut(host, endpoint, supply));
  if (feedback !== undefined) {
    const interval = feedback.bRefresh > 0 ? 2 ** feedback.bRefresh : intervalOf(feedback);
    const tell = (bytes: Uint8Array): void => follow(pace, bytes, source.rate, host);
    pipes.push(new IsochronousIn(host, feedback, interval, tell));
  }
  return pipes;
}

/** How many samples each packet has: fractions are carried over. */
class Pace {
  perFrame: number;
  readonly #interval: number;
  readonly #most: number;
  #fraction = 0;

  constructor(perFrame: number, interval: number, most: number) {
    this.perFrame = perFrame;
    this.#interval = interval;
    this.#most = most;
  }

  next(): number {
    this.#fraction += this.perFrame * this.#interval;
    const samples = Math.floor(this.#fraction);
    this.#fraction -= samples;
    return Math.min(samples, this.#most);
  }
}

/** Samples a frame as 10.14 in three bytes (USB 2.0, 5.12.4.2), or as 16.16 in four, as version 2 devices send it to please Windows. */
function follow(pace: Pace, bytes: Uint8Array, rate: number, { log }: DriverHost): void {
  const value = bytes.length === 3 ? uint(bytes, 0, 3) / 2 ** 14 : uint(bytes, 0, 4) / 2 ** 16;
  // Nothing to say yet.
  if (value === 0) return;
  const nominal = rate / FRAMES_PER_SECOND;
  if (Math.abs(value - nominal) <= 1 + nominal / 8) {
    pace.perFrame = value;
    return;
  }
  log.once(
    "usb.feedback",
    `usb: feedback asks for ${value.toFixed(3)} samples a frame, nominal are ${nominal}: ignored (${bytes.length} bytes: ${bytes.length === 3 ? "10.14" : "16.16"})`,
  );
}

function uint(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let n = length - 1; n >= 0; n--) value = value * 256 + (bytes[at + n] ?? 0);
  return value;
}

function littleEndian(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, n) => Math.floor(value / 256 ** n) & 0xff);
}
