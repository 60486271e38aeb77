/** Which files are boards: pure, so that whoever reads folders (command line, firmware's build, tests) agrees. */

const ENDING = ".json";

/** Names of the boards among a folder's files, ascending: "emulated" for "emulated.json". */
export function boardNames(files: readonly string[]): string[] {
  return files
    .filter((file) => file.endsWith(ENDING) && !file.endsWith(`.schema${ENDING}`))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();
}

/** Is what stands where a board's name belongs the path of a board file of the user's own? */
export function isBoardPath(text: string): boolean {
  return text.endsWith(ENDING);
}
