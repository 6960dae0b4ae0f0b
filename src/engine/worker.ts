/**
 * The engine worker's entry: takes commands from the main thread, runs them, and says how they ended.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { FatalError, InputError, messageOf } from "../model/errors.ts";
import { GuestWorkerClient } from "./guest_workers.ts";
import { probe } from "./probe.ts";
import { resolveOne } from "./resolve_one.ts";
import { type QueueRun, runQueue } from "./run_queue.ts";
import type { EngineStart, FromEngine, ToEngine } from "./protocol.ts";

declare const self: DedicatedWorkerGlobalScope;

const tell = (message: FromEngine) => self.postMessage(message);
const guests = new GuestWorkerClient((message, transfer) => self.postMessage(message, transfer));
let run: QueueRun | null = null;

self.onmessage = ({ data }: MessageEvent<ToEngine>) => {
  switch (data.type) {
    case "start":
      return void begin(data.start);
    case "stop":
      return run?.stop(data.deadlineMs);
    case "guest-failed":
      return guests.failed(data.id, data.text);
    case "reload":
      return run?.reload(data.config);
  }
};
tell({ type: "ready" });

async function begin(start: EngineStart): Promise<void> {
  try {
    if (start.command.type === "resolve") {
      await resolveOne(start, start.command, guests.open, (event) => tell({ type: "event", event }));
      return tell({ type: "ended", end: "drained", stats: null });
    }
    if (start.command.type === "probe") {
      await probe(start.config, (event) => tell({ type: "event", event }));
      return tell({ type: "ended", end: "drained", stats: null });
    }
    run = runQueue(start, start.command, guests.open, (event) => tell({ type: "event", event }));
    tell({ type: "ended", ...await run.ended });
  } catch (error) {
    const kind = error instanceof InputError ? "input" : error instanceof FatalError ? "fatal" : "defect";
    tell({ type: "failed", kind, message: kind === "defect" ? stackOf(error) : messageOf(error) });
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error && error.stack ? error.stack : messageOf(error);
}
