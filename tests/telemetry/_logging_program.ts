/// <reference lib="deno.unstable" />
/** Starts a worker that logs, and waits for its word. Started by the tests. */
const worker = new Worker(new URL("_confined_worker.ts", import.meta.url), {
  type: "module",
  deno: { permissions: "none" },
});
await new Promise((resolve) => worker.onmessage = resolve);
worker.terminate();
