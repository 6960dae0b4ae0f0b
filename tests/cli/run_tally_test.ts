import { deepEqual, equal } from "node:assert/strict";
import { RunTally } from "../../src/cli/progress/run_tally.ts";
import type { EngineEvent } from "../../src/engine/mod.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";

function settled(fields: Partial<Extract<EngineEvent, { type: "settled" }>>): EngineEvent {
  return {
    type: "settled",
    artifactId: "doi:10.1234/a",
    outcome: "done",
    reason: "ok",
    path: "doi/10.1234/a.pdf",
    bytes: 100,
    resolver: null,
    ...fields,
  };
}

function progress(queued: number): EngineEvent {
  const states = { queued, in_progress: 0, done: 0, skipped: 0, error: 0 };
  return {
    type: "progress",
    stats: { states, total: queued, paused: false, reasons: {} },
    running: [],
    nextWorkAt: null,
  };
}

Deno.test("RunTally counts works that ended, and the bytes of files that were fetched", () => {
  const tally = new RunTally(new VirtualClock());
  tally.take(settled({}));
  tally.take(settled({ reason: "already-have", bytes: 7_000 }));
  tally.take(settled({ outcome: "skipped", reason: "not-found", path: null, bytes: null }));
  equal(tally.take(settled({ outcome: null, reason: null })), null);
  // A lost lease has an end, and it is another's to count.
  equal(tally.take(settled({ outcome: null })), null);
  deepEqual([tally.finished, tally.bytes, tally.outcomes.done], [3, 100, 2]);
});

Deno.test("RunTally guesses what remains by the rate of late, and not before three seconds", async () => {
  const clock = new VirtualClock();
  const tally = new RunTally(clock);
  tally.take(progress(40));
  for (let n = 0; n < 4; n++) tally.take(settled({}));
  await clock.advance(2_000);
  equal(tally.remainingMs, null);
  await clock.advance(2_000);
  equal(tally.remainingMs, 40_000);
});
