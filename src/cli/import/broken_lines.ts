/**
 * The report on lines that cannot be taken.
 *
 * @module
 */

import { complain } from "../complain.ts";
import { plural } from "../render/units.ts";
import type { Sink } from "../sink.ts";

/** Broken lines that are shown; the rest are counted. */
const SHOWN = 20;

/** Tells of broken lines: the first ones each, the rest by their number. */
export class BrokenLines {
  readonly #place: string;
  readonly #stderr: Sink;
  #count = 0;

  /** @param place The file's name. */
  constructor(place: string, stderr: Sink) {
    this.#place = place;
    this.#stderr = stderr;
  }

  /** Tells of one more. */
  add(line: number, problem: string): void {
    if (++this.#count <= SHOWN) complain(this.#stderr, `${this.#place}:${line}: ${problem}`);
  }

  /** Tells how many were not shown. */
  async end(): Promise<void> {
    const more = this.#count - SHOWN;
    if (more > 0) await complain(this.#stderr, `${this.#place}: and ${plural(more, "more broken line")}`);
  }
}
