/**
 * Why a body could not be read to its end.
 *
 * @module
 */

import type { Reason } from "../model/reason.ts";

/** The body of an answer could not be had whole. */
export class BodyError extends Error {
  /** Tells it apart in logs. */
  override readonly name = "BodyError";
  /**
   * What happened: it ended before its announced end, was longer than allowed (decoded or not), made one wait too
   * long, or has a content coding that was not asked for and cannot be undone.
   */
  readonly reason: Extract<Reason, "truncated" | "too-large" | "timeout" | "not-pdf">;

  /** Makes an error of its reason and text. */
  constructor(reason: BodyError["reason"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
