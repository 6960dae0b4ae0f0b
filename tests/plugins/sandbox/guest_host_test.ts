import assert from "node:assert/strict";
import { type OpenGuestHost, startGuestWorker } from "../../../src/plugins/mod.ts";
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
