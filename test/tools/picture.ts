/**
 * Draws what a terminal shows after `npm start` as docs/terminal.svg: `npm run picture`. The command really runs, in a
 * pseudo-terminal; only carriage return and "erase to end of line" are understood, which is all that imflasher sends.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawn } from "@lydell/node-pty";
import { ROOT } from "./root.js";

const COLUMNS = 110;
const CHARACTER_WIDTH = 8.4;
const LINE_HEIGHT = 19;
const MARGIN = 16;
const COMMAND = "npm start";

/** What stands on the screen at the end, line by line. */
function screen(output: string): string[] {
  return output.split(/\r?\n/).map((line) => {
    let shown = "";
    for (const part of line.split("\r")) {
      const [text = "", ...rest] = part.split("\u001b[K");
      shown = rest.length > 0 ? text : text + shown.slice(text.length);
    }
    return shown;
  });
}

const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function draw(lines: readonly string[]): string {
  const width = Math.ceil(COLUMNS * CHARACTER_WIDTH + 2 * MARGIN);
  const height = lines.length * LINE_HEIGHT + 2 * MARGIN;
  const rows = lines.map((line, index) => {
    const y = MARGIN + (index + 0.75) * LINE_HEIGHT;
    const colour = line.startsWith("$") ? "#8be9fd" : line.startsWith("console:") ? "#a6e3a1" : "#e6e6e6";
    return `  <text x="${MARGIN}" y="${y}" fill="${colour}" xml:space="preserve">${escapeXml(line)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    '  font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">',
    `  <title>${COMMAND} in a terminal</title>`,
    '  <rect width="100%" height="100%" rx="8" fill="#1e1e2e"/>',
    ...rows,
    "</svg>",
    "",
  ].join("\n");
}

const terminal = spawn("npm", ["start", "--silent"], {
  cols: COLUMNS,
  rows: 40,
  cwd: ROOT,
  env: { ...process.env, npm_config_progress: "false" },
});
let output = "";
terminal.onData((data) => {
  output += data;
});
terminal.onExit(({ exitCode }) => {
  const lines = screen(output).filter((line) => line.trim() !== "" && !line.startsWith("npm warn"));
  if (exitCode !== 0) throw new Error(`${COMMAND} ended with ${exitCode}:\n${lines.join("\n")}`);
  writeFileSync(join(ROOT, "docs", "terminal.svg"), draw([`$ ${COMMAND}`, ...lines]));
});
