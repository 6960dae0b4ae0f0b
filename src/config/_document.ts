import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument } from "yaml";
import { InputError } from "../model/errors.ts";

/** A configuration file that could be parsed. */
export interface ConfigDocument {
  /** Its keys and values; a key without a value counts as absent. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Line and column, from 1, of the key or the item at `path`, or of what comes nearest to it. */
  positionOf(path: readonly PropertyKey[]): { readonly line: number; readonly column: number };
}

/**
 * Parses a configuration file. JSON is a subset of YAML 1.2, so one parser reads both, with positions.
 *
 * @param file Its name, for errors.
 * @throws {InputError} One line for each fault of the syntax, with file, line and column.
 */
export function parseConfigDocument(text: string, file: string): ConfigDocument {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true });
  const place = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const lines = faults.map(({ code, message, pos }) => {
      const { line, column } = place(pos[0]);
      return `Cannot read configuration: ${file}, line ${line}, column ${column}: ${
        faultOf(code, message, text, pos)
      }`;
    });
    throw new InputError([...new Set(lines)].join("\n"));
  }
  const value = withoutNulls(toPlain(document, file));
  if (value === undefined) return { value: {}, positionOf: () => ({ line: 1, column: 1 }) };
  if (!isRecord(value)) {
    throw new InputError(`Cannot read configuration: ${file} is not a group of keys, such as "queue:"`);
  }
  return { value, positionOf: (path) => place(offsetOf(document, path)) };
}

function faultOf(code: string, message: string, text: string, [start]: readonly number[]): string {
  if (code === "DUPLICATE_KEY") {
    const [key = ""] = /^"[^"]*"|^'[^']*'|^[^\s:,]*/.exec(text.slice(start)) ?? [];
    return `the key ${key} stands twice`;
  }
  if (code === "MULTIPLE_DOCS") return "a second document begins here, where one is expected";
  return message;
}

function toPlain(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // The parser refuses aliases that would grow without bound.
    if (error instanceof ReferenceError) {
      throw new InputError(`Cannot read configuration: ${file}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

function withoutNulls(value: unknown): unknown {
  if (value === null) return undefined;
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, withoutNulls(child)]).filter(([, child]) =>
      child !== undefined
    ),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(({ key }) =>
        isScalar(key) && String(key.value) === part
      );
      if (pair === undefined) return offset;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === "number") {
      node = node.items[part];
      if (isScalar(node)) offset = node.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}
