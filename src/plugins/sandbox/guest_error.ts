/**
 * Reads what a guest says of something it threw.
 *
 * @module
 */

import type { GuestError } from "./messages.ts";

/**
 * Reduces the guest's own description, JSON of name, message and stack, to text and a place.
 *
 * @param file The plugin's file, whose first mention in the stack gives the place.
 */
export function describeThrown(json: string, file: string): GuestError {
  const { name, message, stack }: Record<string, unknown> = Object(JSON.parse(json));
  const place = placeIn(String(stack ?? ""), file);
  return { name: String(name ?? ""), message: String(message ?? ""), ...place };
}

/** Whether QuickJS threw this because its heap was full. */
export function isOutOfMemory(error: GuestError): boolean {
  return error.name === "InternalError" && error.message === "out of memory";
}

function placeIn(stack: string, file: string): { readonly line?: number; readonly column?: number } {
  // A stack is text like any other and may be made up: a line is from 1, and no number without end.
  for (
    const [, where, line, column] of stack.matchAll(/([^\s(]+?):([1-9]\d{0,8})(?::([1-9]\d{0,8}))?\)?$/gm)
  ) {
    if (where !== file) continue;
    return { line: Number(line), ...(column === undefined ? {} : { column: Number(column) }) };
  }
  return {};
}
