/**
 * A process that exports a queue's records again and again and asks for its counters each second, until it is ended.
 * It says what it read each second.
 *
 * @module
 */

import { openQueue } from "./_queue.ts";

const [path = ""] = Deno.args;
using queue = openQueue(path);
let exported = 0;
let asked = 0;
let saidAt = performance.now();
for (;;) {
  for await (const _job of queue.finished()) {
    exported++;
    if (performance.now() - saidAt < 1_000) continue;
    saidAt = performance.now();
    await queue.stats();
    asked++;
    console.log(JSON.stringify({ exported, asked }));
    // Pages are read without a pause; other work of this process, as in the program, has its turn here.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
}
