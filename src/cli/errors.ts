/** The command line itself is wrong: names the argument, what was expected and what was found. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A file cannot be read or written. */
export class FileError extends Error {
  override readonly name = "FileError";
}

/** Of several boards at once, some failed; each has said why. */
export class BoardsFailedError extends Error {
  override readonly name = "BoardsFailedError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Ctrl-C. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/** The board's own first stage must stay: says what to do instead. */
export class FirstStageError extends Error {
  override readonly name = "FirstStageError";
}

/** The board's owner has not allowed it: names the right that is missing, the owner, and what to do. */
export class AccessDeniedError extends Error {
  override readonly name = "AccessDeniedError";
}
