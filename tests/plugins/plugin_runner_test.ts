import assert from "node:assert/strict";
import { openGuestHost } from "../../src/plugins/sandbox/guest_host.ts";
import type { ResolverFetch } from "../../src/model/resolver.ts";
import {
  answering,
  ARTIFACT,
  ask,
  failureOf,
  GOOD,
  keepingLogger,
  openTexts,
  pluginText,
  resolverOf,
} from "./_opened.ts";

const SECRET = "s3cret";
const TWO_AT_ONCE = pluginText(
  "two",
  `await Promise.all([1, 2].map((n) => ctx.fetch("https://api.example.org/" + n))); return { candidates: [] };`,
);

/** A registry of one plugin with a secret, which has this body. */
async function withSecret(body: string) {
  const logger = keepingLogger();
  const text = pluginText("a", body, `settings: { key: { type: "string", secret: true } },`);
  const registry = await openTexts({ "a.js": text }, { logger, settingsOf: () => ({ key: SECRET }) });
  return { logger, registry, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() };
}

Deno.test("PluginRunner hides secrets in what its requests came to", async () => {
  await using opened = await withSecret(
    `await ctx.fetch("https://api.example.org/?key=" + ctx.settings.key); return { candidates: [] };`,
  );
  const failing: ResolverFetch = ({ url }) =>
    Promise.resolve({ type: "failed", reason: "timeout", detail: `no byte of ${url}` });
  assert.deepEqual(await ask(opened.registry, "a", failing), {
    type: "failed",
    reason: "timeout",
    detail: "no byte of https://api.example.org/?key=***",
  });
});

Deno.test("PluginRunner hides secrets in what it refuses and in answers that are wrong", async () => {
  await using opened = await withSecret(
    `await ctx.fetch("https://" + ctx.settings.key + ".example/").catch(() => {});
    return { candidates: [], [ctx.settings.key]: 1 };`,
  );
  assert.doesNotMatch(failureOf(await ask(opened.registry, "a")), new RegExp(SECRET));
  const [refused] = opened.logger.lines;
  assert.equal(refused?.message, "A plugin's request was refused");
  assert.match(String(refused?.fields["why"]), /\*\*\*\.example/);
});

Deno.test("PluginRunner names what is thrown, an error or not, and where that is known", async () => {
  const texts = {
    "text.js": pluginText("text", `throw "plain";`),
    "error.js": pluginText("error", `throw new RangeError("far");`),
  };
  await using registry = await openTexts(texts);
  assert.equal(failureOf(await ask(registry, "text")), `Plugin "text" threw plain`);
  assert.match(failureOf(await ask(registry, "error")), /threw RangeError: far \(error\.js:\d+\)$/);
});

Deno.test("PluginRunner takes an answer that is as large as allowed", async () => {
  const text = pluginText(
    "a",
    `await ctx.fetch("https://api.example.org/"); return { candidates: [] };`,
  );
  await using registry = await openTexts({ "a.js": text }, { bounds: { bodyChars: 1_000 } });
  assert.equal((await ask(registry, "a", answering("x".repeat(1_000)))).type, "found");
});

Deno.test("PluginRunner starts no guest for a call that is given up, and no call that is while it starts", async () => {
  let hosts = 0;
  await using registry = await openTexts({ "good.js": GOOD }, {
    openHost: (events) => {
      hosts++;
      return openGuestHost(events);
    },
  });
  const resolver = resolverOf(registry, "good");
  const before = hosts;
  const reason = new Error("stopped");
  await assert.rejects(resolver.resolve(ARTIFACT, AbortSignal.abort(reason), answering("")), reason);
  assert.equal(hosts, before);
  const controller = new AbortController();
  const starting = resolver.resolve(ARTIFACT, controller.signal, answering(""));
  controller.abort(reason);
  await assert.rejects(starting, reason);
  assert.equal(hosts, before + 1);
  // The guest is there for the next call, and is not started again.
  assert.equal((await ask(registry, "good")).type, "found");
  assert.equal((await ask(registry, "good")).type, "found");
  assert.equal(hosts, before + 1);
});

Deno.test("PluginRunner blames no plugin whose group was closed while another request never ends", async () => {
  const closed = { type: "closed", group: "two", until: 5_000, why: "cool-down" } as const;
  await using registry = await openTexts({ "two.js": TWO_AT_ONCE }, { bounds: { callWallMs: 200 } });
  const other = Promise.withResolvers<void>();
  const fetch: ResolverFetch = async ({ url }) => {
    if (url.endsWith("/1")) return await other.promise.then(() => closed);
    other.resolve();
    return await new Promise(() => {});
  };
  assert.deepEqual(await ask(registry, "two", fetch), closed);
});

Deno.test("PluginRunner sends nothing more for a call that was given up", async () => {
  const sent: string[] = [];
  const arrived = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  await using registry = await openTexts({ "two.js": TWO_AT_ONCE }, { bounds: { fetchesAtOnce: 1 } });
  const controller = new AbortController();
  const call = resolverOf(registry, "two").resolve(ARTIFACT, controller.signal, async (request) => {
    sent.push(request.url);
    arrived.resolve();
    await answered.promise;
    return await answering("")(request);
  });
  await arrived.promise;
  controller.abort(new Error("stopped"));
  await assert.rejects(call, { message: "stopped" });
  answered.resolve();
  assert.equal((await ask(registry, "two")).type, "found");
  assert.deepEqual(sent, ["https://api.example.org/1"]);
});
