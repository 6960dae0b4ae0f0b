/**
 * Randomness that repeats.
 *
 * @module
 */

import type { Random } from "../model/ports.ts";

/**
 * The generator sfc32 of Chris Doty-Humphrey's PractRand: 128 bits of state of which 32 are a counter, so that
 * no seed has a period below 2^32. The state is filled by splitmix32 (the finaliser of MurmurHash3 over a Weyl
 * sequence), so that neighbouring seeds give unrelated sequences. The same seed gives the same sequence on
 * every machine and in every version of this program: a printed seed replays its run.
 */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /**
   * Starts the sequence of a seed.
   *
   * @param seed Any whole number; the lowest 32 bits count.
   * @throws {RangeError} If `seed` is not a whole number.
   */
  constructor(seed: number) {
    if (!Number.isInteger(seed)) throw new RangeError(`Cannot seed: ${seed} is not a whole number`);
    const fill = splitmix32(seed);
    this.#a = fill();
    this.#b = fill();
    this.#c = fill();
    // As PractRand does: the first outputs still show the seed.
    for (let round = 0; round < 12; round++) this.#uint32();
  }

  /** A uniform number in [0, 1), a multiple of 2^-32. */
  next(): number {
    return this.#uint32() / 2 ** 32;
  }

  #uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x85ebca6b);
    mixed ^= mixed >>> 13;
    mixed = Math.imul(mixed, 0xc2b2ae35);
    return mixed ^ (mixed >>> 16);
  };
}
