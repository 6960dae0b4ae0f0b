/**
 * What a guest may ask of the worker.
 *
 * @module
 */

import type { SandboxBounds } from "./bounds.ts";
import type { CallBook } from "./call_book.ts";
import { GuestBroke } from "./guest_broke.ts";
import { describeThrown, isOutOfMemory } from "./guest_error.ts";
import type { Granted } from "./messages.ts";
import { answerMarkup, answerPure } from "./pure_ops.ts";

/** Of which guest it is asked. */
export interface GuestServices {
  readonly bounds: SandboxBounds;
  readonly calls: CallBook;
  /** The plugin's file. */
  readonly file: string;
}

/**
 * Answers the question `op`; the answer survives `JSON.stringify`.
 *
 * @param args As the guest's bridge sends them: the number of the call first, where there is one.
 * @throws {GuestBroke} If the question itself breaks a bound.
 */
export function serveGuest(op: string, args: readonly unknown[], services: GuestServices): unknown {
  const { calls } = services;
  const call = Number(args[0]);
  switch (op) {
    case "fetch":
      return calls.fetch(call, args[1]);
    case "body":
      return bodyWithin(call, Number(args[1]), services);
    case "html":
    case "xml":
      return readMarkup(op, args[0], calls);
    case "log":
      calls.log(call, String(args[1]), String(args[2]));
      return null;
    case "answered":
      calls.answer(call, answerWithin(String(args[1]), services.bounds));
      return null;
    case "threw":
      fail(call, String(args[1]), services);
      return null;
    default:
      return answerPure(op, args);
  }
}

/** A body that the plugin takes in: what is too large for its memory is refused instead of breaking a bound. */
function bodyWithin(
  call: number,
  fetch: number,
  { bounds: { textChars }, calls }: GuestServices,
): Granted<string> {
  const body = calls.body(call, fetch);
  if ("refused" in body || body.value.length <= textChars) return body;
  return {
    refused: `Cannot read the answer: it has ${body.value.length} characters where ${textChars} are allowed`,
  };
}

/** Reads markup given as text, or the body of an answer where it lies. */
function readMarkup(op: "html" | "xml", source: unknown, calls: CallBook): Granted<unknown> {
  if (typeof source === "string") return answerMarkup(op, source);
  const { call, fetch }: { readonly call?: unknown; readonly fetch?: unknown } = Object(source);
  const body = calls.body(Number(call), Number(fetch));
  return "refused" in body ? body : answerMarkup(op, body.value);
}

function answerWithin(answer: string, { answerChars }: SandboxBounds): string {
  if (answer.length <= answerChars) return answer;
  throw new GuestBroke(
    "answer-size",
    `its answer has ${answer.length} characters where ${answerChars} are allowed`,
  );
}

function fail(call: number, described: string, { bounds, calls, file }: GuestServices): void {
  const error = describeThrown(described, file);
  if (isOutOfMemory(error)) {
    throw new GuestBroke("memory", `it ran out of its ${bounds.memoryBytes} bytes of memory`);
  }
  calls.fail(call, error);
}
