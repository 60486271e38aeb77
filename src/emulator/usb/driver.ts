/** What the host's drivers for functions of a device (audio, video) share: whom they talk to, and how. */

import type { EmulatorLog } from "../bus.js";
import type { ControlResult } from "./control.js";
import type { EnumeratedDevice, Question } from "./enumeration.js";
import type { FrameBus } from "./frames.js";
import type { Bandwidth } from "./isochronous.js";

export interface DriverHost {
  readonly address: number;
  readonly bus: FrameBus;
  readonly bandwidth: Bandwidth;
  readonly log: EmulatorLog;
  ask(question: Question, finish: (result: ControlResult) => void): void;
}

/** Is shown each device that was configured. */
export interface HostDriver {
  /** @returns what to do when the device has left, or undefined when this device is not one for it. */
  attach(device: EnumeratedDevice, host: DriverHost): (() => void) | undefined;
}

/** Questions in order, each `yield` one control transfer: reads from top to bottom, and runs in board time. */
export type Conversation = Generator<Question, void, ControlResult>;

export function converse(host: DriverHost, conversation: Conversation): void {
  const advance = (next: IteratorResult<Question, void>): void => {
    if (next.done !== true) host.ask(next.value, (answer) => advance(conversation.next(answer)));
  };
  advance(conversation.next());
}

export function setInterface(number: number, alternate: number): Question {
  return { bmRequestType: 0x01, bRequest: 11, wValue: alternate, wIndex: number };
}
