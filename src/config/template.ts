/**
 * The configuration file that `config init` writes.
 *
 * @module
 */

import { stringify } from "yaml";
import { expectationOf, type KeyNode, rootNode } from "./key_tree.ts";

const HEAD =
  `# Configuration of contentdownload. Every key may be left out: what stands here are the defaults.
# Each key can also be set by a variable, such as CONTENTDOWNLOAD_ORCHESTRATOR__MAX_WORKERS=16, and the most
# used ones by options of the command line. Options win over variables, and variables over this file.
`;

const MAX_WIDTH = 110;

/** A commented file with every key, which says the same as no file at all. */
export function renderTemplate(): string {
  const sections = Object.entries(rootNode.properties ?? {});
  return HEAD + sections.map(([name, node]) => `\n${renderKey(name, node, "").join("\n")}\n`).join("");
}

function renderKey(name: string, node: KeyNode, indent: string): string[] {
  const inner = `${indent}  `;
  if (node.properties !== undefined) {
    const children = Object.entries(node.properties).flatMap(([name, child]) =>
      renderKey(name, child, inner)
    );
    return [...comment(`${node.description}.`, indent), `${indent}${name}:`, ...children];
  }
  const about = comment(`${node.description} (${wanted(node)}).`, indent);
  if (node.additionalProperties) {
    const example = stringify(node.example, { lineWidth: 0 }).trimEnd().split("\n");
    const keys = Object.keys(node.additionalProperties.properties ?? {});
    const known = keys.length === 0 ? [] : comment(`Keys of each: ${keys.join(", ")}.`, indent);
    return [...about, ...known, `${indent}${name}:`, ...example.map((line) => `${inner}# ${line}`)];
  }
  const value = node.default ?? node.example;
  const line = `${name}: ${stringify(value, { lineWidth: 0, collectionStyle: "flow" }).trimEnd()}`;
  return [...about, node.default === undefined ? `${indent}# ${line}` : `${indent}${line}`];
}

function wanted(node: KeyNode): string {
  if (node.type === "array" && node.items !== undefined) {
    return `a list, each item ${expectationOf(node.items)}`;
  }
  return node.additionalProperties && node.placeholder !== undefined
    ? `by ${node.placeholder}, ${expectationOf(node.additionalProperties)}`
    : expectationOf(node);
}

function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > MAX_WIDTH) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
