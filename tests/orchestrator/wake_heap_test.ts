import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { WakeHeap } from "../../src/orchestrator/wake_heap.ts";

type Step =
  | { readonly type: "set"; readonly name: string; readonly at: number }
  | { readonly type: "delete"; readonly name: string }
  | { readonly type: "take"; readonly now: number };

const name = fc.constantFrom(..."abcdefghijklmnop");
const instant = fc.integer({ min: 0, max: 50 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant("set" as const), name, at: instant }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("delete" as const), name }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("take" as const), now: instant }) },
);

Deno.test("WakeHeap gives names as a sorted list would", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
    const heap = new WakeHeap();
    const model = new Map<string, number>();
    for (const item of steps) {
      if (item.type === "set") {
        heap.set(item.name, item.at);
        model.set(item.name, item.at);
      } else if (item.type === "delete") {
        heap.delete(item.name);
        model.delete(item.name);
      } else {
        const due = [...model].filter(([, at]) => at <= item.now).sort((a, b) => a[1] - b[1]);
        const taken = [...heap.takeDue(item.now)];
        deepEqual(taken.map((name) => model.get(name)), due.map(([, at]) => at));
        deepEqual(taken.toSorted(), due.map(([name]) => name).toSorted());
        for (const name of taken) model.delete(name);
      }
      equal(heap.next(), model.size === 0 ? null : Math.min(...model.values()));
    }
  }));
});

Deno.test("WakeHeap wakes a name again that is set to the instant at which it was woken", () => {
  const heap = new WakeHeap();
  for (let n = 0; n < 2; n++) {
    heap.set("a", 7);
    deepEqual([...heap.takeDue(7)], ["a"]);
  }
});
