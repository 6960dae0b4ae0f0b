import { deepEqual, equal } from "node:assert/strict";
import { Fifo } from "../../src/limits/_fifo.ts";

/** What is listed, taken out from the first on. */
function drain<T>(list: Fifo<T>): T[] {
  const values: T[] = [];
  for (let first = list.first; first; first = list.first) {
    values.push(first.value);
    list.remove(first);
  }
  return values;
}

Deno.test("Fifo keeps the order when entries leave from its middle and its ends", () => {
  const list = new Fifo<string>();
  const entries = [..."abcde"].map((name) => list.push(name));
  for (const index of [2, 0, 4]) {
    const entry = entries[index];
    if (entry) list.remove(entry);
  }
  list.push("f");
  equal(list.size, 3);
  deepEqual(drain(list), ["b", "d", "f"]);
});

Deno.test("Fifo.remove() does nothing for an entry that has left already", () => {
  const list = new Fifo<string>();
  const first = list.push("a");
  list.push("b");
  for (let n = 0; n < 2; n++) list.remove(first);
  equal(list.size, 1);
  list.push("c");
  list.remove(first);
  deepEqual(drain(list), ["b", "c"]);
});
