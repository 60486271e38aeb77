import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function findRoot(folder: string): string {
  return existsSync(join(folder, "package.json")) ? folder : findRoot(dirname(folder));
}

/** The project's folder: where package.json is. Tests run from dist/, their data lies beside the sources. */
export const ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));
