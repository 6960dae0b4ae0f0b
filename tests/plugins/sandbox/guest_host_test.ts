import assert from "node:assert/strict";
import { type OpenGuestHost, startGuestWorker } from "../../../src/plugins/mod.ts";
import { openGuestHost } from "../../../src/plugins/sandbox/guest_host.ts";
import { ask, failureOf, GOOD, keepingLogger, openTexts, pluginText } from "../_opened.ts";

/** Hands the worker a port and listens there, as the engine does whose workers another thread starts. */
const openOverPort = (heard: unknown[]): OpenGuestHost => (events) => {
  const { port1, port2 } = new MessageChannel();
  const worker = startGuestWorker();
  worker.onmessage = () => worker.postMessage(null, [port2]);
  port1.onmessage = ({ data }: MessageEvent<unknown>) => {
    heard.push(data);
    events.onMessage(data);
  };
  return {
    post: (message) => port1.postMessage(message),
    terminate: () => {
      port1.close();
      worker.terminate();
    },
  };
};

Deno.test("plugins run over a port, and a loop that cannot be interrupted is ended over it", async () => {
  const logger = keepingLogger();
  const heard: unknown[] = [];
  await using registry = await openTexts(
    { "good.js": GOOD, "deaf.js": pluginText("deaf", "new Array(2 ** 32 - 1).indexOf(1);") },
    { openHost: openOverPort(heard), bounds: { unresponsiveMs: 600 }, logger },
  );
  assert.equal((await ask(registry, "good")).type, "found");
  assert.match(failureOf(await ask(registry, "deaf")), /kept the sandbox busy for 600 ms/);
  assert.deepEqual(logger.lines.map((line) => line.fields["bound"]), ["unresponsive"]);
  // The worker spoke after its loop, so the loop has ended.
  assert.ok(heard.some((message) => Object(message).type === "broke"));
});

/** Workers that do nothing, in place of real ones until its disposal. */
function idleWorkers(): Disposable & { readonly made: Worker[]; readonly options: WorkerOptions[] } {
  const { Worker } = globalThis;
  const made: Worker[] = [];
  const options: WorkerOptions[] = [];
  globalThis.Worker = class extends EventTarget {
    constructor(_url: string | URL, given: WorkerOptions) {
      super();
      made.push(this as unknown as Worker); // nothing but its handlers is used
      options.push(given);
    }
  } as unknown as typeof Worker;
  return {
    made,
    options,
    [Symbol.dispose]() {
      globalThis.Worker = Worker;
    },
  };
}

Deno.test("startGuestWorker() gives a worker no permission at all", () => {
  using workers = idleWorkers();
  startGuestWorker();
  assert.equal(workers.options[0]?.deno?.permissions, "none");
});

Deno.test("openGuestHost() tells of an error in its worker, which ends nothing else", () => {
  using workers = idleWorkers();
  const failures: string[] = [];
  openGuestHost({ onMessage() {}, onFailure: (text) => failures.push(text) });
  const event = new ErrorEvent("error", { message: "it broke", cancelable: true });
  workers.made[0]?.onerror?.(event);
  // What nobody prevents ends the process.
  assert.deepEqual([failures, event.defaultPrevented], [["it broke"], true]);
});
