/** Everything that an IDE needs for a project. */

import { clionFiles } from "./clion.js";
import { eclipseFiles } from "./eclipse.js";
import type { Ide, IdeFile, IdeProject } from "./project.js";
import { vscodeFiles } from "./vscode.js";

const FILES: Readonly<Record<Ide, (project: IdeProject) => readonly IdeFile[]>> = {
  vscode: vscodeFiles,
  eclipse: eclipseFiles,
  clion: clionFiles,
};

export function ideFiles(ide: Ide, project: IdeProject): readonly IdeFile[] {
  return FILES[ide](project);
}
