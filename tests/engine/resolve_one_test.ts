import assert from "node:assert/strict";
import type { EngineEvent } from "../../src/engine/mod.ts";
import { resolveOne } from "../../src/engine/resolve_one.ts";
import { openGuestHost } from "../../src/plugins/sandbox/guest_host.ts";
import { serve } from "../http/_web.ts";
import { configOf, pluginFile } from "./_configured.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What the engine tells of a plugin named "mine" whose `resolve` has this body. */
async function told(body: string, fields: Fields = {}, content: Fields = {}, plugin = "mine") {
  const events: EngineEvent[] = [];
  const artifact = { id: "doi:10.1234/a", ids: { doi: "10.1234/a" } };
  const command = { type: "resolve", plugin, artifact } as const;
  const config = await configOf({ network: { allow_private: ["127.0.0.0/8"] }, ...content });
  const plugins = [await pluginFile("mine", fields, body)];
  await resolveOne(
    { command, config, plugins, environment: {} },
    command,
    openGuestHost,
    (event) => void events.push(event),
  );
  const [event, ...more] = events;
  assert.ok(event?.type === "resolved" && more.length === 0, JSON.stringify(events));
  return event;
}

Deno.test("resolveOne() tells all that a plugin found", async () => {
  const { candidates, ids, verdict, problem } = await told(
    `return { candidates: [{ url: "https://a.example/1", kind: "pdf" }], ids: { pmid: "1" } };`,
  );
  assert.deepEqual(candidates.map(({ url }) => url), ["https://a.example/1"]);
  assert.deepEqual([ids, verdict, problem], [{ pmid: "1" }, null, null]);
  assert.equal((await told(`return { candidates: [], verdict: "not-found" };`)).verdict, "not-found");
});

Deno.test("resolveOne() says what a plugin failed of", async () => {
  const { candidates, problem } = await told(`throw new Error("no such record");`);
  assert.deepEqual(candidates, []);
  assert.match(problem ?? "", /^resolver-failed: .*no such record/);
});

Deno.test("resolveOne() says why a plugin cannot be run", async () => {
  const required = { settings: { key: { type: "string", required: true } } };
  await assert.rejects(told("", required), {
    name: "InputError",
    message: /^Cannot run plugin "mine": .*its setting "key" has no value/,
  });
  await assert.rejects(told("", {}, { resolvers: { mine: { enabled: false } } }), {
    message: `Cannot run plugin "mine": it is disabled`,
  });
  await assert.rejects(told("", {}, {}, "yours"), {
    message: `Cannot run plugin "yours": there is no such plugin`,
  });
});

Deno.test("resolveOne() waits for its turn among the plugin's own requests, and not for an hour", async () => {
  await using server = serve(() => new Response("hello"));
  const asks = `const answers = await Promise.all([1, 2, 3].map((n) => ctx.fetch("${server.url}/" + n)));
    return { candidates: [{ url: "https://a.example/" + answers[2].text(), kind: "pdf" }] };`;
  const hosts = [new URL(server.url).host];
  const one = await told(asks, { hosts, limits: { concurrency: 1 } });
  assert.deepEqual([one.problem, one.candidates[0]?.url], [null, "https://a.example/hello"]);
  const { problem } = await told(asks, { hosts, limits: { rates: ["1/h"] } });
  assert.match(problem ?? "", /^its limit group "mine" is closed until \d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

Deno.test("resolveOne() tells a plugin which pages are walls", async () => {
  await using server = serve(() => new Response("<title>Just a moment...</title>", { status: 403 }));
  const hosts = [new URL(server.url).host];
  const asks = `const page = await ctx.fetch("${server.url}");
    return { candidates: [], verdict: page.wall, page };`;
  assert.equal((await told(asks, { hosts })).verdict, "bot-wall");
});
