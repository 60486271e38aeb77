/** The jobs that a command line or another program starts. */

export type { AppSignature } from "./apply.js";
export {
  type BoardReport,
  boardInfo,
  boot,
  getBootAddress,
  reset,
  setBootAddress,
} from "./board.js";
export {
  type BootloaderIdentity,
  BootloaderImageError,
  BootloaderMismatchError,
  bootloaderLength,
  readBootloaderIdentity,
} from "./bootloader-image.js";
export type { CancelSignal } from "./cancel.js";
export { type Connect, Connection, type ConnectionOptions, type Prepare } from "./connection.js";
export {
  CancelledError,
  LinkLostError,
  PlacementError,
  UnfinishedElsewhereError,
  VerificationError,
} from "./errors.js";
export { type FlashOptions, flashImage, type JobOptions } from "./flash.js";
export { type EraseReport, eraseRange, readRange, type VerifyReport, verifyImage } from "./jobs.js";
export type { FlashReport, OnProgress, Phase, Progress } from "./progress.js";
export { type UpdateOptions, type UpdateReport, updateBootloader } from "./update-bootloader.js";
