import type { z } from "zod";
import { nearest } from "../model/nearest.ts";
import type { ConfigDocument } from "./_document.ts";
import type { Override } from "./_overrides.ts";
import { expectationOf, leaves, nodeAt } from "./key_tree.ts";

/** Where values came from. */
export interface Origins {
  readonly file: string | null;
  readonly document: ConfigDocument | null;
  /** In the order in which they were applied. */
  readonly overrides: readonly Override[];
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** One line for each thing that is wrong, in the order of the file. */
export function describeProblems(issues: readonly Issue[], root: unknown, origins: Origins): string[] {
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => problem([...issue.path, key], unknownKey(issue.path, key), origins))
      : [problem(issue.path, wrongValue(issue, valueAt(root, issue.path)), origins)]
  ).toSorted((a, b) => a.line - b.line).map(({ text }) => text);
}

function problem(
  path: Path,
  what: string,
  { file, document, overrides }: Origins,
): { line: number; text: string } {
  const override = overrides.findLast((override) =>
    isPrefix(override.path, path) || isPrefix(path, override.path)
  );
  if (override !== undefined) {
    return { line: Number.MAX_SAFE_INTEGER, text: `Cannot use configuration: ${override.from}: ${what}` };
  }
  if (document === null) return { line: 0, text: `Cannot use configuration: ${what}` };
  const { line, column } = document.positionOf(path);
  return { line, text: `Cannot use configuration: ${file}, line ${line}, column ${column}: ${what}` };
}

function wrongValue(issue: Issue, value: unknown): string {
  const node = nodeAt(issue.path);
  const expected = issue.code === "custom" && issue.message.startsWith("not ")
    ? issue.message
    : `not ${node === undefined ? "a value that fits" : expectationOf(node)}`;
  if (issue.code === "invalid_key") {
    return `${keyOf(issue.path.slice(0, -1))} has the key ${shown(issue.path.at(-1))}, which is not a name`;
  }
  return `${keyOf(issue.path)} is ${shown(value)}, which is ${expected}`;
}

function unknownKey(group: Path, key: string): string {
  const path = [...group, key];
  const siblings = Object.keys(nodeAt(group)?.properties ?? {});
  const sibling = nearest(key, siblings);
  // A right key in a wrong place is rather moved than renamed.
  const elsewhere = [...leaves()].filter(({ path }) => path.at(-1) === key).map(({ path }) => keyOf(path));
  const near = sibling === undefined ? elsewhere[0] : keyOf([...group, sibling]);
  const hint = near === undefined ? `known here are ${siblings.join(", ")}` : `did you mean ${near}?`;
  return `${keyOf(path)} is not a known key; ${hint}`;
}

function keyOf(path: Path): string {
  const text = path.map((part) => typeof part === "number" ? `[${part}]` : `.${String(part)}`).join("");
  return text.replace(/^\./, "") || "the configuration";
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

function isPrefix(start: Path, path: Path): boolean {
  return start.every((part, index) => part === path[index]);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "not set";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
