/** Putting objects into a JSON file of the user's, with comments, that keeps all the rest of it as it is. */

import {
  applyEdits,
  createScanner,
  type EditResult,
  type FormattingOptions,
  findNodeAtLocation,
  type JSONPath,
  type JSONScanner,
  modify,
  type Node,
  type ParseError,
  parse,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import type { JsonObject, ListFile } from "./project.js";

const INDENT = 2;
/** Of the objects in a list of a file as VS Code writes it. */
const LIST_COLUMN = 2 * INDENT;
const FORMAT: FormattingOptions = { insertSpaces: true, tabSize: INDENT, eol: "\n" };
const LENIENT = { allowTrailingComma: true };
/** SyntaxKind of jsonc-parser, which it declares as an enum that only its own compiler sees. */
const SyntaxKind = {
  CommaToken: 5,
  LineCommentTrivia: 12,
  BlockCommentTrivia: 13,
  LineBreakTrivia: 14,
  Trivia: 15,
} as const;
const TRIVIA: readonly number[] = [
  SyntaxKind.LineCommentTrivia,
  SyntaxKind.BlockCommentTrivia,
  SyntaxKind.LineBreakTrivia,
  SyntaxKind.Trivia,
];

/** The file cannot be added to: it is no such list. */
export class IdeFileError extends Error {
  override readonly name = "IdeFileError";
}

export interface Merged {
  readonly text: string;
  /** Objects of ours that are there and say something else. */
  readonly different: readonly string[];
}

/**
 * @param before what the file holds; undefined: there is no file
 * @param force objects that say something else are replaced, not told
 * @throws IdeFileError
 */
export function merged(file: ListFile, before: string | undefined, force: boolean): Merged {
  const { list, key, objects } = file;
  let text = before === undefined || before.trim() === "" ? emptyFile(file) : before;
  const different: string[] = [];
  for (const object of objects) {
    const present = presentObjects(file, text);
    const at = present.findIndex((one) => one[key] === object[key]);
    if (at >= 0 && sameJson(present[at], object)) continue;
    if (at >= 0 && !force) different.push(String(object[key]));
    else text = edited(text, at >= 0 ? replace(text, [list, at], object) : append(text, list, object));
  }
  return { text, different };
}

/** With the ends of lines that the file has. */
function edited(text: string, edits: EditResult): string {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  return applyEdits(
    text,
    edits.map((edit) => ({ ...edit, content: edit.content.replaceAll("\n", eol) })),
  );
}

function find(text: string, path: JSONPath): Node | undefined {
  const tree = parseTree(text, [], LENIENT);
  return tree === undefined ? undefined : findNodeAtLocation(tree, path);
}

function replace(text: string, path: JSONPath, object: JsonObject): EditResult {
  const node = find(text, path);
  if (node === undefined) throw new RangeError(`${path.join(".")} is not there`);
  return [{ offset: node.offset, length: node.length, content: indented(object, columnOf(text, node)) }];
}

/** Not by `modify`, which formats the object before anew, and puts its comment behind ours. */
function append(text: string, list: string, object: JsonObject): EditResult {
  const array = find(text, [list]);
  if (array === undefined) return modify(text, [list], [object], { formattingOptions: FORMAT });
  const last = array.children?.at(-1);
  const column = last === undefined ? LIST_COLUMN : columnOf(text, last);
  const content = `\n${" ".repeat(column)}${indented(object, column)}`;
  if (last === undefined) {
    const close = /^\s*\]/.test(text.slice(array.offset + 1)) ? `\n${" ".repeat(column - INDENT)}` : "";
    return [{ offset: array.offset + 1, length: 0, content: content + close }];
  }
  const end = last.offset + last.length;
  const { comma, lineEnd } = behind(text, end);
  if (comma) return [{ offset: lineEnd, length: 0, content: `${content},` }];
  return [
    { offset: end, length: 0, content: "," },
    { offset: lineEnd, length: 0, content },
  ];
}

/** What stands behind an object: a comma, and where what belongs to it ends: its comments in the same line. */
function behind(text: string, offset: number): { readonly comma: boolean; readonly lineEnd: number } {
  const scanner = createScanner(text);
  scanner.setPosition(offset);
  let [comma, lineEnd] = [false, offset];
  for (;;) {
    const token = scanner.scan();
    if (token === SyntaxKind.CommaToken) comma = true;
    else if (token !== SyntaxKind.LineCommentTrivia && token !== SyntaxKind.BlockCommentTrivia) {
      if (token === SyntaxKind.Trivia) continue;
      // A comma may follow in the next line; comments before it are then passed over, too.
      if (token !== SyntaxKind.LineBreakTrivia || comma || !commaFollows(scanner)) return { comma, lineEnd };
      comma = true;
    }
    lineEnd = scanner.getTokenOffset() + scanner.getTokenLength();
  }
}

/** Leaves the scanner at the comma, where there is one. */
function commaFollows(scanner: JSONScanner): boolean {
  let token = scanner.scan();
  while (TRIVIA.includes(token)) token = scanner.scan();
  return token === SyntaxKind.CommaToken;
}

function columnOf(text: string, { offset }: Node): number {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  return /^ *$/.test(line) ? line.length : LIST_COLUMN;
}

function indented(object: JsonObject, column: number): string {
  return JSON.stringify(object, undefined, INDENT).replaceAll("\n", `\n${" ".repeat(column)}`);
}

function emptyFile({ version, list }: ListFile): string {
  return `${JSON.stringify({ version, [list]: [] }, undefined, 2)}\n`;
}

/** @throws IdeFileError */
function presentObjects({ path, list }: ListFile, text: string): readonly JsonObject[] {
  const errors: ParseError[] = [];
  const content: unknown = parse(text, errors, LENIENT);
  const [error] = errors;
  if (error !== undefined) {
    const line = text.slice(0, error.offset).split("\n").length;
    throw new IdeFileError(
      `${path}: line ${line}: expected JSON with comments (${printParseErrorCode(error.error)}). Mend the file, or move it away`,
    );
  }
  const objects = isObject(content) ? (content[list] ?? []) : undefined;
  if (Array.isArray(objects) && objects.every(isObject)) return objects;
  throw new IdeFileError(
    `${path}: expected an object with a list ${JSON.stringify(list)}. Mend the file, or move it away`,
  );
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The order of an object's fields does not matter. */
function sameJson(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((one, at) => sameJson(one, right[at]));
  }
  if (!isObject(left) || !isObject(right)) return left === right;
  const [one, other] = [Object.keys(left).sort(), Object.keys(right).sort()];
  return sameJson(one, other) && one.every((key) => sameJson(left[key], right[key]));
}
