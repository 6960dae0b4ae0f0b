/** A value that stands above the file's. */
export interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
  /** Where it came from, as an error names it. */
  readonly from: string;
}

/** `base` with the overrides put over it, later ones over earlier ones. */
export function applyOverrides(
  base: Readonly<Record<string, unknown>>,
  overrides: readonly Override[],
): Record<string, unknown> {
  const merged: Record<string, unknown> = structuredClone(base);
  for (const { path, value } of overrides) {
    let group = merged;
    for (const part of path.slice(0, -1)) {
      const child = Object.hasOwn(group, part) ? group[part] : undefined;
      // What is no group in the file gives way: the schema would refuse it, and the override says what was meant.
      group = typeof child === "object" && child !== null && !Array.isArray(child)
        ? child as Record<string, unknown>
        : define(group, part, {});
    }
    define(group, path.at(-1) ?? "", value);
  }
  return merged;
}

function define<Value>(group: Record<string, unknown>, name: string, value: Value): Value {
  Object.defineProperty(group, name, { value, enumerable: true, configurable: true, writable: true });
  return value;
}
