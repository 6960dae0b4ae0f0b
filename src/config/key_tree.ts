/**
 * The schema seen as a tree of keys: what is expected where, in words.
 *
 * @module
 */

import * as z from "zod";
import { configSchema } from "./schema.ts";

/** A key, or a place for one, as JSON Schema and the schema's own notes describe it. */
export interface KeyNode {
  /** Of JSON Schema. */
  readonly type?: "object" | "array" | "string" | "number" | "integer" | "boolean";
  /** One sentence for the operator. */
  readonly description?: string;
  /** What holds when the key is left out. */
  readonly default?: unknown;
  /** What the value has to be, where the type and the bounds do not say it. */
  readonly expects?: string;
  /** What stands for a name that the operator chooses. */
  readonly placeholder?: string;
  /** A value to show. */
  readonly example?: unknown;
  /** The values that are allowed. */
  readonly enum?: readonly string[];
  /** The least number. */
  readonly minimum?: number;
  /** The number that is just too small. */
  readonly exclusiveMinimum?: number;
  /** The greatest number. */
  readonly maximum?: number;
  /** The items of a list. */
  readonly items?: KeyNode;
  /** The keys of an object. */
  readonly properties?: Readonly<Record<string, KeyNode>>;
  /** What other keys hold; `false` if there are none. */
  readonly additionalProperties?: KeyNode | false;
}

/** The tree's root: the configuration as a whole. */
// JSON Schema is typed for every document there can be; this one is made of what schema.ts uses.
export const rootNode: KeyNode = z.toJSONSchema(configSchema, { io: "input" }) as KeyNode;

/** The node at `path`; `undefined` where no key can stand or nothing is said of it. */
export function nodeAt(path: readonly PropertyKey[]): KeyNode | undefined {
  let node: KeyNode | undefined = rootNode;
  for (const part of path) {
    if (node === undefined) return undefined;
    if (typeof part === "number") node = node.items;
    else node = childOf(node, String(part));
  }
  return node;
}

function childOf(node: KeyNode, name: string): KeyNode | undefined {
  if (node.properties !== undefined && Object.hasOwn(node.properties, name)) return node.properties[name];
  return node.additionalProperties || undefined;
}

/** What a value has to be, in words that follow "is not". */
export function expectationOf(node: KeyNode): string {
  if (node.expects !== undefined) return node.expects;
  if (node.enum !== undefined) return `one of ${node.enum.map((value) => JSON.stringify(value)).join(", ")}`;
  switch (node.type) {
    case "boolean":
      return "true or false";
    case "integer":
      return `a whole number${boundsOf(node)}`;
    case "number":
      return `a number${boundsOf(node)}`;
    case "string":
      return "text";
    case "array":
      return "a list";
    case "object":
      return "a group of keys";
    default:
      return "a value";
  }
}

function boundsOf({ minimum, exclusiveMinimum, maximum = Infinity }: KeyNode): string {
  const bounded = maximum < Number.MAX_SAFE_INTEGER;
  if (exclusiveMinimum !== undefined) return ` greater than ${exclusiveMinimum}`;
  if (minimum === undefined) return bounded ? ` of at most ${maximum}` : "";
  return bounded ? ` from ${minimum} to ${maximum}` : ` of at least ${minimum}`;
}

/** Paths of all keys that hold a value, in the order of the schema, with the node of each. */
export function* leaves(
  node: KeyNode = rootNode,
  path: readonly string[] = [],
): Generator<{ readonly path: readonly string[]; readonly node: KeyNode }> {
  const children = Object.entries(node.properties ?? {});
  const any = node.additionalProperties || undefined;
  // A loose object says nothing of its other keys.
  if (any !== undefined && node.placeholder !== undefined) children.push([`<${node.placeholder}>`, any]);
  if (children.length === 0) yield { path, node };
  for (const [name, child] of children) yield* leaves(child, [...path, name]);
}
