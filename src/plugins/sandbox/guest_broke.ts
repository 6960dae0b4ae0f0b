/**
 * The end of a guest.
 *
 * @module
 */

import type { BoundBroken } from "./bounds.ts";

/** The guest broke a bound: it must not be entered again and is thrown away whole. */
export class GuestBroke extends Error {
  override readonly name = "GuestBroke";
  readonly bound: BoundBroken;

  constructor(bound: BoundBroken, detail: string) {
    super(detail);
    this.bound = bound;
  }
}
