/**
 * Names with the instants at which they are to be looked at again.
 *
 * @module
 */

interface Entry {
  readonly at: number;
  readonly name: string;
}

/**
 * A binary heap of names by instant. A name has one instant at a time; setting it again moves it. Entries that were
 * overtaken stay in the heap until they surface, and are dropped then.
 */
export class WakeHeap {
  readonly #heap: Entry[] = [];
  readonly #at = new Map<string, number>();

  /** Sets when `name` is to be woken, in milliseconds since the epoch. */
  set(name: string, at: number): void {
    if (this.#at.get(name) === at) return;
    this.#at.set(name, at);
    this.#push({ at, name });
  }

  /** Forgets `name`. */
  delete(name: string): void {
    this.#at.delete(name);
  }

  /** The earliest instant; `null` when nothing is to be woken. */
  next(): number | null {
    this.#dropStale();
    return this.#heap[0]?.at ?? null;
  }

  /** Takes out the names whose instant has come. */
  *takeDue(now: number): Generator<string> {
    for (this.#dropStale(); this.#heap[0] && this.#heap[0].at <= now; this.#dropStale()) {
      const { name } = this.#heap[0];
      this.#at.delete(name);
      this.#pop();
      yield name;
    }
  }

  #dropStale(): void {
    for (let top = this.#heap[0]; top && this.#at.get(top.name) !== top.at; top = this.#heap[0]) this.#pop();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (!above || above.at <= entry.at) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child], right = heap[child + 1];
      if (!left) break;
      if (right && right.at < left.at) child++;
      const least = heap[child];
      if (!least || least.at >= last.at) break;
      heap[index] = least;
      index = child;
    }
    heap[index] = last;
  }
}
