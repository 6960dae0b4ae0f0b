import { deepEqual, equal, ok } from "node:assert/strict";
import { importList, type ImportOptions } from "../../src/cli/import/import_list.ts";
import { MAX_LINE_CHARS, readLines } from "../../src/cli/import/lines.ts";
import type { NewJob } from "../../src/queue/mod.ts";

/** Takes jobs as a queue does, and remembers how many each commit had. */
class Taken {
  readonly commits: number[] = [];
  readonly ids = new Set<string>();

  enqueue(jobs: readonly NewJob[]): Promise<{ added: number; duplicates: number }> {
    this.commits.push(jobs.length);
    const before = this.ids.size;
    for (const { artifactId } of jobs) this.ids.add(artifactId);
    const added = this.ids.size - before;
    return Promise.resolve({ added, duplicates: jobs.length - added });
  }
}

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

function lines(count: number, first = 0): string {
  return Array.from({ length: count }, (_, index) => `10.1234/${first + index}\n`).join("");
}

async function importAll(stream: AsyncIterable<Uint8Array>, options: Partial<ImportOptions> = {}) {
  const queue = new Taken();
  const broken: number[] = [];
  const summary = await importList(queue, stream, {
    name: "a list",
    set: "a set",
    onBroken: (line) => broken.push(line),
    ...options,
  });
  return { ...summary, lines: broken, commits: queue.commits };
}

Deno.test("importList() gives each work to the queue once, in commits of some thousands", async () => {
  const stream = chunks(lines(1_500), lines(1_500, 1_500), lines(500, 3_000));
  deepEqual(await importAll(stream), {
    added: 3_500,
    duplicates: 0,
    broken: 0,
    lines: [],
    commits: [3_000, 500],
  });
});

Deno.test("importList() counts no broken line in its limit, and reads no further than that", async () => {
  let read = 0;
  async function* stream() {
    for (const text of ["10.1234/1\nbroken\n", "10.1234/2\nbroken\n", "10.1234/3\n"]) {
      read++;
      yield new TextEncoder().encode(text);
    }
  }
  const { added, lines } = await importAll(stream(), { limit: 2 });
  deepEqual([added, lines, read], [2, [2], 2]);
});

Deno.test("readLines() keeps no more of a line without an end than it can say of it, and a cut character", async () => {
  const piece = new Uint8Array(MAX_LINE_CHARS).fill(97);
  const held: number[] = [];
  async function* endless() {
    for (let n = 0; n < 3; n++) yield piece;
    yield new Uint8Array([10, 0xc3]);
  }
  for await (const { lines } of readLines(endless())) held.push(...lines.map(({ length }) => length));
  deepEqual(held, [MAX_LINE_CHARS + 1, 1]);
  for await (const { lines } of readLines(chunks("a\r\nb"))) ok(lines.every((line) => /^[ab]$/.test(line)));
  const [last] = await Array.fromAsync(readLines(cutCharacter()));
  equal(last?.lines[0], "\ufffd");
});

async function* cutCharacter(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array([0xc3]);
}
