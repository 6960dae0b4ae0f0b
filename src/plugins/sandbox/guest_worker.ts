/**
 * Entry of the sandbox worker. It holds no permission at all, and answers {@link ToWorker} messages one at a time.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import type { BoundBroken } from "./bounds.ts";
import { Guest } from "./guest.ts";
import { GuestBroke } from "./guest_broke.ts";
import { hintGarbage } from "./hint_garbage.ts";
import type { FromWorker, GuestError, ToWorker } from "./messages.ts";
import { prepareQuickJs } from "./quickjs_wasm.ts";
import { StripError, stripTypes } from "./strip_types.ts";

const guests = new Map<string, Guest>();

/** Where messages go: the thread that started this worker, or the one that it handed a port for. */
let host: Pick<MessagePort, "postMessage"> = self;

function say(message: FromWorker): void {
  host.postMessage(message);
}

// This worker has no injected clock: see GuestOptions.nowMs.
// deno-lint-ignore contentdownload/no-ambient
const nowMs = () => performance.now();

async function load(message: ToWorker & { readonly type: "load" }): Promise<void> {
  const { plugin, file, source, bounds } = message;
  const notLoaded = (error: GuestError) => say({ type: "not-loaded", plugin, error });
  let code: string;
  try {
    code = stripTypes(file, source);
  } catch (thrown) {
    const line = thrown instanceof StripError ? thrown.line : undefined;
    return notLoaded({
      name: "SyntaxError",
      message: String(Object(thrown).message),
      ...(line ? { line } : {}),
    });
  }
  const guest = await Guest.create({
    bounds,
    nowMs,
    port: {
      fetch: (call, fetch, request) => say({ type: "fetch", plugin, call, fetch, request }),
      log: (call, level, text) => say({ type: "log", plugin, call, level, text }),
      answered: (call, answer) => say({ type: "answered", plugin, call, answer }),
      threw: (call, error) => say({ type: "threw", plugin, call, error }),
    },
  });
  guests.set(plugin, guest);
  say({ type: "memory", plugin, memory: guest.memory });
  const loaded = guest.load(file, code);
  if ("error" in loaded) {
    guests.delete(plugin);
    return notLoaded(loaded.error);
  }
  say({ type: "loaded", plugin, manifest: loaded.manifest });
}

async function handle(message: ToWorker): Promise<void> {
  const { plugin } = message;
  try {
    switch (message.type) {
      case "load":
        return await load(message);
      case "call":
        return guests.get(plugin)?.call(message.call, message.input);
      case "settle":
        return guests.get(plugin)?.settle(message.call, message.fetch, message.result, message.body);
      case "drop":
        return guests.get(plugin)?.drop(message.call);
      case "unload":
        guests.delete(plugin);
    }
  } catch (thrown) {
    const memoryBytes = guests.get(plugin)?.memory.buffer.byteLength ?? 0;
    guests.delete(plugin);
    hintGarbage(memoryBytes);
    const bound: BoundBroken = thrown instanceof GuestBroke ? thrown.bound : "crash";
    say({ type: "broke", plugin, bound, detail: String(Object(thrown).message ?? thrown) });
  }
}

let last = Promise.resolve();
function receive(data: ToWorker): void {
  last = last.then(() => handle(data)).then(() => say({ type: "done-with", seq: data.seq }));
}

self.onmessage = (event: MessageEvent<ToWorker | null>) => {
  const { data, ports: [port] } = event;
  if (data !== null) return receive(data);
  // The thread that was to talk to this worker has ended before its port arrived: so will this worker.
  if (!port) return;
  host = port;
  port.onmessage = ({ data }: MessageEvent<ToWorker>) => receive(data);
  say({ type: "ready" });
};
say({ type: "ready" });
// While whoever started this worker gets ready to use it. What fails here fails again, with a report, at the first load.
prepareQuickJs().catch(() => {});
stripTypes("warm.ts", "");
