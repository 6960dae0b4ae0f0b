/** A timer that has neither fired nor been removed. */
export interface HeapTimer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  /** Place in the heap; -1 once it has left. */
  index: number;
}

/** A binary heap of timers by instant, then by insertion. Adding, taking and removing cost O(log n). */
export class TimerHeap {
  readonly #heap: HeapTimer[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  get first(): HeapTimer | undefined {
    return this.#heap[0];
  }

  add(at: number, callback: () => void): HeapTimer {
    const timer = { at, order: this.#order++, callback, index: this.#heap.length };
    this.#heap.push(timer);
    this.#rise(timer);
    return timer;
  }

  takeFirst(): HeapTimer | undefined {
    const first = this.#heap[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Removes `timer`; does nothing if it has left already. */
  remove(timer: HeapTimer): void {
    if (timer.index < 0) return;
    const last = this.#heap.pop();
    if (last !== undefined && last !== timer) {
      this.#put(last, timer.index);
      this.#rise(last);
      this.#sink(last);
    }
    timer.index = -1;
  }

  #rise(timer: HeapTimer): void {
    while (timer.index > 0) {
      const parent = this.#heap[(timer.index - 1) >> 1];
      if (parent === undefined || isBefore(parent, timer)) return;
      this.#swap(parent, timer);
    }
  }

  #sink(timer: HeapTimer): void {
    while (true) {
      const left = this.#heap[2 * timer.index + 1];
      const right = this.#heap[2 * timer.index + 2];
      if (left === undefined) return;
      const child = right !== undefined && isBefore(right, left) ? right : left;
      if (isBefore(timer, child)) return;
      this.#swap(timer, child);
    }
  }

  #swap(a: HeapTimer, b: HeapTimer): void {
    const index = a.index;
    this.#put(a, b.index);
    this.#put(b, index);
  }

  #put(timer: HeapTimer, index: number): void {
    this.#heap[index] = timer;
    timer.index = index;
  }
}

function isBefore(a: HeapTimer, b: HeapTimer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
