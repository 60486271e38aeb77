import type { BoardErrorName } from "../errors.js";

/** What a handler of a stand-in throws to answer with an error. */
export class Refusal extends Error {
  readonly code: BoardErrorName;
  readonly detail: number;

  constructor(code: BoardErrorName, detail: number) {
    super(code);
    this.code = code;
    this.detail = detail;
  }
}
