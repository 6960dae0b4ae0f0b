import { equal, match, ok } from "node:assert/strict";
import { Sink } from "../../src/cli/mod.ts";
import { LiveProgress } from "../../src/cli/progress/live_progress.ts";
import { PlainProgress, summaryLine } from "../../src/cli/progress/plain_progress.ts";
import { RunTally } from "../../src/cli/progress/run_tally.ts";
import type { EngineEvent } from "../../src/engine/mod.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";

class Screen {
  text = "";
  writes = 0;

  writeSync(bytes: Uint8Array): number {
    this.writes++;
    this.text += new TextDecoder().decode(bytes);
    return bytes.length;
  }

  isTerminal(): boolean {
    return true;
  }
}

function progressEvent(
  queued: number,
  running: readonly string[],
  done: number,
  { nextWorkAt = null, paused = false }: { nextWorkAt?: number | null; paused?: boolean } = {},
): EngineEvent {
  const states = { queued, in_progress: running.length, done, skipped: 0, error: 0 };
  const total = queued + running.length + done;
  return { type: "progress", stats: { states, total, paused, reasons: {} }, running, nextWorkAt };
}

function settled(artifactId: string, path: string | null = "doi/x.pdf"): EngineEvent {
  return path === null
    ? { type: "settled", artifactId, outcome: "error", reason: "not-pdf", path, bytes: null, resolver: null }
    : { type: "settled", artifactId, outcome: "done", reason: "ok", path, bytes: 1000, resolver: "arxiv" };
}

Deno.test("RunTally counts outcomes, reasons and bytes, and not what goes on", () => {
  const tally = new RunTally(new VirtualClock());
  ok(tally.take(settled("doi:a")));
  ok(tally.take(settled("doi:b", null)));
  equal(tally.take({ ...settled("doi:c"), outcome: null, reason: null } as EngineEvent), null);
  equal(JSON.stringify(tally.outcomes), `{"done":1,"skipped":0,"error":1}`);
  equal(JSON.stringify(tally.reasons), `{"ok":1,"not-pdf":1}`);
  equal(tally.bytes, 1000);
  equal(tally.finished, 2);
});

Deno.test("RunTally's rate is that of the last twenty seconds", async () => {
  const clock = new VirtualClock();
  const tally = new RunTally(clock);
  for (let second = 0; second < 60; second++) {
    for (let n = 0; n < 10; n++) tally.take(settled(`doi:${second}.${n}`));
    await clock.advance(1000);
    tally.take(progressEvent(1000, [], 0));
  }
  equal(tally.perSecond.toFixed(1), "10.0");
  equal(Math.round((tally.remainingMs ?? 0) / 1000), 100);
  for (let second = 0; second < 40; second++) {
    await clock.advance(1000);
    tally.take(progressEvent(1000, [], 0));
  }
  equal(tally.perSecond, 0);
  equal(tally.remainingMs, null);
});

Deno.test("the time left is a guess in whole seconds", async () => {
  const clock = new VirtualClock();
  const tally = new RunTally(clock);
  for (let n = 0; n < 100; n++) tally.take(settled(`doi:${n}`));
  await clock.advance(4000);
  tally.take(progressEvent(30, [], 100));
  equal(Math.round(tally.remainingMs ?? 0), 1200);
  match(summaryLine(tally), /, about 2 s left$/);
});

Deno.test("RunTally guesses nothing in the first seconds", () => {
  const tally = new RunTally(new VirtualClock());
  tally.take(settled("doi:a"));
  tally.take(progressEvent(1000, [], 1));
  equal(tally.remainingMs, null);
});

function makeLive({ startMs = 0, colors = false, eachArtifact = false } = {}) {
  const [clock, screen] = [new VirtualClock(startMs), new Screen()];
  const tally = new RunTally(clock);
  const stderr = new Sink(screen, clock);
  return { clock, screen, tally, progress: new LiveProgress({ stderr, clock, tally, colors, eachArtifact }) };
}

Deno.test("LiveProgress draws at most ten times a second, and at last what is true", async () => {
  const { clock, screen, tally, progress } = makeLive();
  using _progress = progress;
  for (let step = 0; step < 1000; step++) {
    tally.take(progressEvent(1000 - step, ["doi:a"], step));
    progress.update();
    await clock.advance(1);
  }
  await clock.advance(200);
  ok(screen.writes >= 10 && screen.writes <= 12, String(screen.writes));
  match(screen.text, /999 of 1,001\n[^\n]*\nworking on doi:a[^\n]*$/);
  ok(screen.text.endsWith("\r\x1b[3A"), "the cursor stands above the block");
});

Deno.test("LiveProgress leaves a clean screen, with the line of each artifact if asked for", () => {
  const { clock, screen, tally, progress } = makeLive({ colors: true, eachArtifact: true });
  const finished = tally.take(settled("doi:a\x1b[2J"));
  if (finished) progress.finished(finished);
  progress[Symbol.dispose]();
  match(screen.text, /done {5}doi:a\\x1b\[2J {2}doi\/x.pdf {2}\(1.0 kB, arxiv\)\n/);
  equal(screen.text.split("\x1b[2J").length, 1, "what an identifier holds must not clear the screen");
  ok(screen.text.includes("\r\x1b[J"));
  equal(clock.pendingTimers, 0);
});

Deno.test("PlainProgress writes a summary each five seconds, and none twice", async () => {
  const [clock, screen] = [new VirtualClock(), new Screen()];
  const tally = new RunTally(clock);
  using progress = new PlainProgress({ stderr: new Sink(screen, clock), clock, tally, eachArtifact: false });
  for (let second = 0; second < 21; second++) {
    tally.take(progressEvent(5, [], 0));
    progress.update();
    await clock.advance(1000);
  }
  equal(screen.text, "0 done, 0 skipped, 0 error, 5 queued, 0 in progress, 0 B, 0.0/s\n");
});

Deno.test("PlainProgress writes a line for each artifact if asked for", () => {
  const [clock, screen] = [new VirtualClock(), new Screen()];
  const tally = new RunTally(clock);
  using progress = new PlainProgress({ stderr: new Sink(screen, clock), clock, tally, eachArtifact: true });
  const finished = tally.take(settled("doi:b", null));
  if (finished) progress.finished(finished);
  equal(screen.text, "error    doi:b  not-pdf: the body is not a PDF\n");
});

Deno.test("PlainProgress says once for how long nothing goes on, however each artifact is shown", async () => {
  for (const eachArtifact of [false, true]) {
    const [clock, screen] = [new VirtualClock(Date.UTC(2026, 2, 1)), new Screen()];
    const tally = new RunTally(clock);
    using progress = new PlainProgress({ stderr: new Sink(screen, clock), clock, tally, eachArtifact });
    const tell = (event: EngineEvent) => {
      tally.take(event);
      progress.update();
    };
    const nextWorkAt = clock.now() + 58_700;
    tell(progressEvent(2, ["doi:a"], 0));
    tell(progressEvent(2, [], 0, { nextWorkAt: clock.now() + 4_000 }));
    equal(screen.text, "", "a short wait is nothing to speak of");
    tell(progressEvent(2, [], 0, { nextWorkAt }));
    tell(progressEvent(2, [], 0, { nextWorkAt: nextWorkAt + 1 }));
    const first = "waiting 59 s, until 2026-03-01T00:00:58.700Z: no sooner may what is queued be asked for\n";
    equal(screen.text, first);
    await clock.advance(59_000);
    screen.text = "";
    tell(progressEvent(1, [], 1, { nextWorkAt: clock.now() + 7_200_000 }));
    match(screen.text, /^waiting 2 h, until 2026-03-01T02:00:59.000Z: /);
  }
});

Deno.test("PlainProgress says that the queue is paused, each time that it is", () => {
  const [clock, screen] = [new VirtualClock(), new Screen()];
  const tally = new RunTally(clock);
  using progress = new PlainProgress({ stderr: new Sink(screen, clock), clock, tally, eachArtifact: false });
  for (const paused of [true, true, false, true]) {
    tally.take(progressEvent(2, paused ? [] : ["doi:a"], 0, { paused }));
    progress.update();
  }
  equal(screen.text, `the queue is paused; "contentdownload queue resume" lets it go on\n`.repeat(2));
});

Deno.test("LiveProgress says until when nothing goes on", () => {
  const { clock, screen, tally, progress } = makeLive({ startMs: Date.UTC(2026, 2, 1) });
  using _progress = progress;
  tally.take(progressEvent(2, [], 0, { nextWorkAt: clock.now() + 5_000 }));
  progress.update();
  match(screen.text, /\nwaiting 5 s, until 2026-03-01T00:00:05.000Z: /);
});
