/** What `board new` asks a person; the answers are a draft (boards/draft.ts). */
import { FLASH_PINS } from "../../boards/board.js";
import { flashSignal } from "../../boards/check.js";
import {
  describePins,
  hasPin,
  PACKAGE_NAMES,
  type PackageName,
  possiblePins,
  TAKEN_PINS,
} from "../../boards/pins.js";
import { NOR_PARTS } from "../../emulator/flash/parts.js";
import { UsageError } from "../errors.js";
import type { CliIo } from "../io.js";

/** @returns what is wrong with the answer, undefined when nothing is. */
type Judge = (answer: string) => string | undefined;

/** Questions on stderr, answers from standard input. */
export class Questions {
  readonly #io: CliIo;
  readonly #lines: string[] = [];
  readonly #close: () => void;
  #ended = false;
  #wake: () => void = () => {};

  constructor(io: CliIo) {
    this.#io = io;
    this.#close = io.readLines(
      (line) => {
        this.#lines.push(line.trim());
        this.#wake();
      },
      () => {
        this.#ended = true;
        this.#wake();
      },
    );
  }

  close(): void {
    this.#close();
  }

  /** Asks until the answer is right. @param otherwise what an empty answer means. @throws UsageError at the input's end */
  async ask(question: string, judge: Judge, otherwise?: string): Promise<string> {
    for (;;) {
      this.#io.stderr.write(`${question}${otherwise === undefined ? "" : ` [${otherwise}]`}: `);
      const answer = (await this.#line(question)) || (otherwise ?? "");
      const mistake = judge(answer);
      if (mistake === undefined) return answer;
      this.#io.stderr.write(`${mistake}\n`);
    }
  }

  async #line(question: string): Promise<string> {
    while (this.#lines.length === 0) {
      if (this.#ended) {
        throw new UsageError(`expected an answer to "${question}", found the end of the input: give a DRAFT`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#lines.shift() ?? "";
  }
}

function among(what: string, known: readonly string[]): Judge {
  return (answer) =>
    known.includes(answer) ? undefined : `${what}: expected one of ${known.join(", ")}; found "${answer}"`;
}

const NAME: Judge = (answer) =>
  /^[a-z0-9-]{1,32}$/.test(answer) ? undefined : `expected 1 to 32 of a-z, 0-9 and -; found "${answer}"`;

const NONE = "none";

/** A pin that carries the signal and that nothing else has. */
function signalPin(signal: string, packageName: PackageName, taken: Set<string>): Judge {
  const possible = possiblePins(signal, packageName).filter(
    ({ pin }) => !taken.has(pin) && TAKEN_PINS[pin] === undefined,
  );
  return (answer) =>
    possible.some(({ pin }) => pin === answer.toUpperCase())
      ? undefined
      : `${answer || "nothing"} does not carry ${signal} or is taken; possible: ${describePins(possible)}`;
}

function freePin(packageName: PackageName, taken: Set<string>): Judge {
  return (answer) => {
    const pin = answer.toUpperCase();
    if (answer === NONE) return undefined;
    if (!/^P[A-K](1[0-5]|[0-9])$/.test(pin))
      return `expected a pin such as PE3, or ${NONE}; found "${answer}"`;
    const other = TAKEN_PINS[pin] ?? (taken.has(pin) ? "taken already" : undefined);
    if (other !== undefined) return `expected a free pin, found ${pin}, which is ${other}`;
    return hasPin(packageName, pin) ? undefined : `the package ${packageName} has no ${pin}`;
  };
}

/** The pins asked for so far, each once. */
class Pins {
  readonly taken = new Set<string>();
  readonly #questions: Questions;
  readonly #package: PackageName;

  constructor(questions: Questions, packageName: PackageName) {
    this.#questions = questions;
    this.#package = packageName;
  }

  async signal(signal: string): Promise<string> {
    const possible = possiblePins(signal, this.#package).filter(({ pin }) => !this.taken.has(pin));
    const question = `${signal}, one of ${describePins(possible)}`;
    const only = possible.length === 1 ? possible[0]?.pin : undefined;
    return this.#take(
      await this.#questions.ask(question, signalPin(signal, this.#package, this.taken), only),
    );
  }

  /** @returns undefined for none */
  async switch(what: string, high: string): Promise<object | undefined> {
    const judge = freePin(this.#package, this.taken);
    const answer = await this.#questions.ask(`${what}'s pin`, judge, NONE);
    if (answer === NONE) return undefined;
    const pin = this.#take(answer);
    const level = await this.#questions.ask(`${high} when the pin is`, among(what, ["high", "low"]), "high");
    return { pin, activeHigh: level === "high" };
  }

  #take(answer: string): string {
    const pin = answer.toUpperCase();
    this.taken.add(pin);
    return pin;
  }
}

const SERIAL_PORTS = ["USART1", "USART2", "USART3", "UART4", "UART5", "USART6", "UART7", "UART8"] as const;

async function askConsole(questions: Questions, pins: Pins): Promise<object | undefined> {
  const usart = await questions.ask(
    "serial port of the console",
    among("serial port", [NONE, ...SERIAL_PORTS]),
    NONE,
  );
  if (usart === NONE) return undefined;
  return { usart, tx: await pins.signal(`${usart}_TX`), rx: await pins.signal(`${usart}_RX`) };
}

/** Asks for all that a draft needs. @throws UsageError at the input's end */
export async function askBoard(questions: Questions): Promise<object> {
  const name = await questions.ask("name of the board (also of its file)", NAME);
  const title = await questions.ask("title, for people", () => undefined, name);
  const packageName = (await questions.ask(
    `the chip's package (${PACKAGE_NAMES.join(", ")})`,
    among("package", PACKAGE_NAMES),
    "LQFP100",
  )) as PackageName;
  const parts = NOR_PARTS.map((part) => part.name);
  const part = await questions.ask(`flash part (${parts.join(", ")})`, among("flash part", parts), parts[0]);
  const bank = (await questions.ask("QUADSPI bank", among("bank", ["1", "2"]), "1")) === "2" ? 2 : 1;
  const pins = new Pins(questions, packageName);
  const flashPins: [string, string][] = [];
  for (const pin of FLASH_PINS) flashPins.push([pin, await pins.signal(flashSignal(pin, bank))]);
  return {
    name,
    title,
    package: packageName,
    flash: { part, bank, pins: Object.fromEntries(flashPins) },
    led: await pins.switch("LED", "lit"),
    button: await pins.switch("button", "pressed"),
    console: await askConsole(questions, pins),
  };
}
