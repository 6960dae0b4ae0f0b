/**
 * Turns a plugin's source into JavaScript.
 *
 * @module
 */

import { transformSync } from "amaro";

/** A source that cannot be turned into JavaScript. */
export class StripError extends SyntaxError {
  override readonly name = "SyntaxError";
  /** Line of the source, from 1. */
  readonly line: number | undefined;

  constructor(message: string, line: number | undefined) {
    super(message);
    this.line = line;
  }
}

/**
 * Blanks out the types of a `.ts` file, keeping every line and column where it was; other files pass unchanged.
 *
 * @throws {StripError} If the source is not TypeScript, or uses syntax that erasing cannot remove (enum, namespace,
 * parameter properties).
 */
export function stripTypes(file: string, source: string): string {
  if (!file.endsWith(".ts")) return source;
  try {
    return transformSync(source, { mode: "strip-only" }).code;
  } catch (thrown) {
    // amaro throws plain objects beside errors; both carry `message`, some `startLine`.
    const { message, startLine } = Object(thrown);
    throw new StripError(
      String(message ?? thrown).split("\n")[0] ?? "",
      typeof startLine === "number" ? startLine : undefined,
    );
  }
}
