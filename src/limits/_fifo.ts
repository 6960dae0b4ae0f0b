/**
 * A first-in-first-out list from whose middle an entry can leave in constant time, as waiters do that are
 * cancelled. (A `Set` keeps order too, but taking its first entry again and again walks over the holes that
 * the earlier ones left.)
 *
 * @module
 */

/** The place of one value in a {@linkcode Fifo}. */
export interface FifoEntry<T> {
  readonly value: T;
  /** @internal Neighbours; only the list itself touches them. */
  before: FifoEntry<T> | undefined;
  /** @internal */
  after: FifoEntry<T> | undefined;
  /** @internal Whether the entry is still in its list. */
  listed: boolean;
}

/** A doubly linked first-in-first-out list. */
export class Fifo<T> {
  #first: FifoEntry<T> | undefined;
  #last: FifoEntry<T> | undefined;
  #size = 0;

  /** How many values are listed. */
  get size(): number {
    return this.#size;
  }

  /** The entry that came first of those still listed. */
  get first(): FifoEntry<T> | undefined {
    return this.#first;
  }

  /** Appends `value`. */
  push(value: T): FifoEntry<T> {
    const entry: FifoEntry<T> = { value, before: this.#last, after: undefined, listed: true };
    if (this.#last === undefined) this.#first = entry;
    else this.#last.after = entry;
    this.#last = entry;
    this.#size++;
    return entry;
  }

  /** Takes `entry` out, wherever it stands; does nothing if it has left already. */
  remove(entry: FifoEntry<T>): void {
    if (!entry.listed) return;
    if (entry.before === undefined) this.#first = entry.after;
    else entry.before.after = entry.after;
    if (entry.after === undefined) this.#last = entry.before;
    else entry.after.before = entry.before;
    entry.listed = false;
    this.#size--;
  }
}
