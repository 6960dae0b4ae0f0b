import assert from "node:assert/strict";
import { GuestWorkerClient, GuestWorkerPool } from "../../src/engine/guest_workers.ts";
import type { FromEngine } from "../../src/engine/protocol.ts";
import { silentLogger } from "../../src/model/ports.ts";
import { openPlugins } from "../../src/plugins/mod.ts";
import { SystemClock } from "../../src/runtime/mod.ts";
import { pluginFile } from "./_configured.ts";

/** Both sides in one thread, and what the engine's side said. */
function connected() {
  const said: FromEngine["type"][] = [];
  const pool = new GuestWorkerPool((message) => {
    if (message.type === "guest-failed") client.failed(message.id, message.text);
  });
  const client = new GuestWorkerClient((message, [port]) => {
    said.push(message.type);
    if (message.type === "open-guest" && port instanceof MessagePort) pool.open(message.id, port);
    if (message.type === "close-guest") pool.close(message.id);
  });
  return { pool, client, said };
}

Deno.test("GuestWorkerClient opens workers through the main thread in which plugins answer", async () => {
  const { pool, client, said } = connected();
  using _pool = pool;
  {
    await using registry = await openPlugins({
      sources: await Promise.all([
        pluginFile("one", {}, "return { candidates: [{ url: 'https://one.example/a', kind: 'pdf' }] };"),
        pluginFile("two", {}, "throw new Error('as told');"),
      ]),
      settingsOf: () => undefined,
      openHost: client.open,
      clock: new SystemClock(),
      logger: silentLogger,
    });
    const artifact = { id: "doi:10.1234/abc", ids: { doi: "10.1234/abc" } };
    const { signal } = new AbortController();
    const answers = await Promise.all(
      registry.resolvers.map((resolver) =>
        resolver.resolve(artifact, signal, () => Promise.reject(new Error()))
      ),
    );
    assert.deepEqual(answers.map(({ type }) => type), ["found", "failed"]);
  }
  // Each worker that was opened is closed again.
  const count = (type: FromEngine["type"]) => said.filter((one) => one === type).length;
  assert.equal(count("close-guest"), count("open-guest"));
});

Deno.test("GuestWorkerPool tells the engine of a worker that crashed, and of no other", async () => {
  const { pool, client } = connected();
  using _pool = pool;
  const ready = [Promise.withResolvers<unknown>(), Promise.withResolvers<unknown>()];
  const failures: [number, string][] = [];
  const failed = Promise.withResolvers<void>();
  const hosts = ready.map((one, index) =>
    client.open({
      onMessage: one.resolve,
      onFailure: (text) => {
        failures.push([index, text]);
        failed.resolve();
      },
    })
  );
  await Promise.all(ready.map(({ promise }) => promise));
  // No message of the protocol: an error that nothing in the worker catches.
  hosts[1]?.post(null);
  await failed.promise;
  assert.deepEqual(failures.map(([index]) => index), [1]);
  assert.match(failures[0]?.[1] ?? "", /TypeError/);
  for (const host of hosts) host.terminate();
});

Deno.test("GuestWorkerClient tells nobody of the end of a worker that was given up", () => {
  const client = new GuestWorkerClient((_message, [port]) => port instanceof MessagePort && port.close());
  const failures: string[] = [];
  const host = client.open({ onMessage() {}, onFailure: (text) => failures.push(text) });
  client.failed(1, "first");
  host.terminate();
  client.failed(1, "second");
  assert.deepEqual(failures, ["first"]);
});

Deno.test("GuestWorkerPool ends all its workers when it is disposed of", async () => {
  const { terminate } = Worker.prototype;
  const ended = new Set<Worker>();
  Worker.prototype.terminate = function () {
    ended.add(this);
    terminate.call(this);
  };
  try {
    const { pool, client } = connected();
    const ready = [Promise.withResolvers<unknown>(), Promise.withResolvers<unknown>()];
    const hosts = ready.map(({ resolve }) => client.open({ onMessage: resolve, onFailure() {} }));
    await Promise.all(ready.map(({ promise }) => promise));
    pool[Symbol.dispose]();
    assert.equal(ended.size, 2);
    for (const host of hosts) host.terminate();
    new GuestWorkerPool(() => {})[Symbol.dispose]();
    assert.equal(ended.size, 3, "the one that nobody has asked for yet, too");
  } finally {
    Worker.prototype.terminate = terminate;
  }
});
