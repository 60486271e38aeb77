/** What the shell gets: docs/manual.md, "Exit codes". */
import { CancelledError, VerificationError } from "../flasher/errors.js";
import { ImageAddressError } from "../image/error.js";
import { IssueError, PassphraseError, SignatureError } from "../keys/errors.js";
import { BoardIdError } from "../protocol/board-id.js";
import { BoardError, type BoardErrorName, NoAnswerError, NotABootloaderError } from "../protocol/errors.js";
import {
  NoBoardError,
  PortAccessError,
  PortMissingError,
  PortUnusableError,
  SeveralBoardsError,
} from "../transport/node/errors.js";
import { AccessDeniedError, BoardsFailedError, InterruptedError, UsageError } from "./errors.js";

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  noBoard: 3,
  accessDenied: 4,
  verificationFailed: 5,
  interrupted: 130,
} as const;

interface Row {
  readonly code: number;
  matches(error: unknown): boolean;
}

function is(...classes: readonly (abstract new (...args: never[]) => Error)[]): Row["matches"] {
  return (error) => classes.some((one) => error instanceof one);
}

/** What a board answers to whom it does not trust: docs/protocol.md section 11.7. */
const DENIALS: readonly (BoardErrorName | undefined)[] = [
  "DENIED",
  "WAIT",
  "BAD_CERT",
  "WRONG_BOARD",
  "BAD_PROOF",
  "CLAIMED",
  "BAD_SIGNATURE",
  "LOG_BROKEN",
];

/** The first row that matches counts; what matches none is 1. */
const ROWS: readonly Row[] = [
  { code: EXIT.interrupted, matches: is(InterruptedError, CancelledError) },
  {
    code: EXIT.usage,
    matches: is(UsageError, BoardIdError, IssueError, SeveralBoardsError, ImageAddressError),
  },
  {
    code: EXIT.noBoard,
    matches: is(NoBoardError, PortMissingError, PortUnusableError, NoAnswerError, NotABootloaderError),
  },
  {
    code: EXIT.accessDenied,
    matches: is(PortAccessError, AccessDeniedError, PassphraseError, SignatureError),
  },
  {
    code: EXIT.accessDenied,
    matches: (error) => error instanceof BoardError && DENIALS.includes(error.codeName),
  },
  { code: EXIT.verificationFailed, matches: is(VerificationError) },
  {
    code: EXIT.verificationFailed,
    matches: (error) => error instanceof BoardError && error.codeName === "VERIFY_FAILED",
  },
];

export function exitCodeOf(error: unknown): number {
  if (error instanceof BoardsFailedError) return error.exitCode;
  return ROWS.find((row) => row.matches(error))?.code ?? EXIT.failed;
}
