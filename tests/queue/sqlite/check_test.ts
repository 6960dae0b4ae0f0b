import { equal } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { jobs, record } from "../_jobs.ts";
import { makeDirectory, openReal } from "./_storage.ts";

Deno.test("prune() forgets empty lanes, but not while a process works on the queue", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  using queue = openReal(path);
  using reader = new DatabaseSync(path, { readOnly: true });
  const lanes = () => reader.prepare("SELECT count(*) AS n FROM lanes").get()?.["n"];
  await queue.enqueue(jobs(1));
  const [lease] = await queue.lease("a", [{ route: "fresh:doi", count: 1 }], 60_000);
  if (lease) await queue.ack(lease, record());
  const finishedBefore = Date.now() + 60_000;
  equal((await queue.prune({ finishedBefore })).jobs, 1);
  equal(lanes(), 1);
  await queue.leave("a");
  await queue.prune({ finishedBefore });
  equal(lanes(), 0);
});
