import assert from "node:assert/strict";
import { InputError } from "../../src/model/errors.ts";
import type { ResolverFetch, ResolverFetchResult } from "../../src/model/resolver.ts";
import { EMBEDDED_ORIGIN, loadPluginSources, pluginSourceOf } from "../../src/plugins/mod.ts";
import {
  answering,
  ARTIFACT,
  ask,
  external,
  failureOf,
  GOOD,
  keepingLogger,
  openShared,
  openTexts,
  pluginText,
  resolverOf,
} from "./_opened.ts";

/** A plugin that fetches once and names what came. */
const FETCHING = pluginText(
  "fetching",
  `const answer = await ctx.fetch(ctx.settings.base_url ? ctx.settings.base_url + "/x" : "https://api.example.org/x");
   return { candidates: [{ url: "https://example.org/" + answer.status + answer.text(), kind: "pdf" }] };`,
  `settings: { base_url: { type: "url" }, key: { type: "string", secret: true, env: "FETCHING_KEY" } },`,
);

Deno.test("openPlugins() opens every first-party plugin, with their limits and shared hosts", async () => {
  const { sources, broken } = await loadPluginSources([]);
  await using registry = await openTexts({}, {
    sources,
    settingsOf: (name) => name === "arxiv" ? { base_url: "http://127.0.0.1:9001/" } : undefined,
    common: { email: "me@library.org" },
  });
  assert.deepEqual([broken, registry.broken], [[], []]);
  assert.deepEqual(
    registry.resolvers.map(({ name, tier, group }) => [name, tier, group]),
    [["arxiv", 1], ["unpaywall", 1], ["crossref", 2], ["openalex", 2], ["landing_page", 3]]
      .map(([name, tier]) => [name, tier, name]),
  );
  const infoOf = (name: string) => registry.plugins.find((info) => info.manifest.name === name);
  assert.deepEqual(infoOf("arxiv")?.limits, { concurrency: 1, rates: [{ limit: 1, perMs: 3_000 }] });
  assert.deepEqual(infoOf("arxiv")?.sharedHosts, ["export.arxiv.org", "arxiv.org", "127.0.0.1:9001"]);
  assert.deepEqual(infoOf("crossref")?.limits, { concurrency: 3, rates: [{ limit: 10, perMs: 1_000 }] });
  assert.equal(infoOf("unpaywall")?.settings["email"], "me@library.org");
});

Deno.test("openPlugins() leaves a resolver out whose required setting is missing, and says what mends it", async () => {
  const { sources } = await loadPluginSources([]);
  await using registry = await openTexts({}, { sources });
  assert.ok(!registry.resolvers.some(({ name }) => name === "unpaywall"));
  const unpaywall = registry.plugins.find(({ manifest }) => manifest.name === "unpaywall");
  assert.equal(
    unpaywall?.unusable,
    `Cannot use resolver "unpaywall": its setting "email" has no value; set resolvers.unpaywall.email or ` +
      `contact.email or the environment variable UNPAYWALL_EMAIL`,
  );
  // Without an address Crossref's public pool holds.
  const crossref = registry.plugins.find(({ manifest }) => manifest.name === "crossref");
  assert.deepEqual(crossref?.limits, { concurrency: 1, rates: [{ limit: 5, perMs: 1_000 }] });
});

Deno.test("openPlugins() gives plugins of one tier by name, and says what only theirs mends", async () => {
  const asks = `settings: { key: { type: "string", required: true } },`;
  const sources = await Promise.all(
    ["b", "a", "c"].map((name) => external(`${name}.js`, pluginText(name, "", name === "c" ? asks : ""))),
  );
  await using registry = await openTexts({}, { sources });
  assert.deepEqual(registry.resolvers.map(({ name }) => name), ["a", "b"]);
  assert.equal(
    registry.plugins[2]?.unusable,
    `Cannot use resolver "c": its setting "key" has no value; set resolvers.c.key`,
  );
});

Deno.test("openPlugins() takes the last of several plugins of one name and tells what it replaced", async () => {
  const text = (url: string) =>
    pluginText("same", `return { candidates: [{ url: "${url}", kind: "pdf" }] };`);
  const sources = await Promise.all([
    pluginSourceOf("same.js", EMBEDDED_ORIGIN, text("https://example.org/1")),
    pluginSourceOf("same.js", "/a", text("https://example.org/2")),
    pluginSourceOf("other_file.js", "/b", text("https://example.org/3")),
    pluginSourceOf("same.js", "/c", "export default"),
  ]);
  await using registry = await openTexts({}, { sources });
  const [info] = registry.plugins;
  assert.equal(registry.plugins.length, 1);
  assert.deepEqual([info?.file.origin, info?.file.sha256], ["/b", sources[2]?.sha256]);
  assert.deepEqual(info?.replaced.map(({ origin }) => origin), [EMBEDDED_ORIGIN, "/a"]);
  assert.deepEqual(registry.broken.map(({ origin }) => origin), ["/c"]);
  const answer = await ask(registry, "same");
  assert.ok(answer.type === "found");
  assert.equal(answer.candidates[0]?.url, "https://example.org/3");
});

Deno.test("openPlugins() strips the types of TypeScript and keeps its line numbers", async () => {
  const text = `interface A {\n  readonly a: string;\n}\nconst f = (a: A): string => a.a;\n${
    GOOD.replace(
      "async resolve(artifact, ctx) {",
      "async resolve(artifact: { ids: unknown }, ctx: unknown) {\n f(null as unknown as A);",
    )
  }`;
  await using registry = await openTexts({ "typed.ts": text });
  assert.match(failureOf(await ask(registry, "good")), /TypeError: .* \(typed\.ts:4\)$/);
});

Deno.test("openPlugins() names the key, and the nearest right one, of a setting that is wrong", async (t) => {
  const cases: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [
      { base_ulr: "https://a.org" },
      /resolvers\.fetching\.base_ulr: it is no setting.*did you mean "base_url"\?/,
    ],
    [{ qqqqqqq: 1 }, /which has enabled, tier, limits, base_url, key$/],
    [{ base_url: "ftp://a.org" }, /resolvers\.fetching\.base_url: "ftp:\/\/a\.org" is not an absolute http/],
    [{ base_url: "http://u:p@a.org" }, /must not hold a user name/],
    [{ enabled: "yes" }, /enabled: "yes" is not true or false/],
    [{ tier: -1 }, /tier: -1 is not a whole number from 0 to 99/],
  ];
  for (const [settings, says] of cases) {
    await t.step(
      JSON.stringify(settings),
      () =>
        assert.rejects(openTexts({ "fetching.js": FETCHING }, { settingsOf: () => settings }), (error) => {
          assert.ok(error instanceof InputError);
          assert.match(error.message, says);
          return true;
        }),
    );
  }
  await t.step(
    "but never shows a secret",
    () =>
      assert.rejects(openTexts({ "fetching.js": FETCHING }, { settingsOf: () => ({ key: ["s3cret"] }) }), {
        message: "Cannot use resolvers.fetching.key: its value is not text",
      }),
  );
});

Deno.test("openPlugins() leaves out a plugin that names another's variable or whose variable does not suit it", async () => {
  const texts = {
    "good.js": GOOD,
    "greedy.js": pluginText(
      "greedy",
      "",
      `settings: { key: { type: "string", env: "AWS_SECRET_ACCESS_KEY" } },`,
    ),
    "misled.js": pluginText("misled", "", `settings: { max: { type: "number", env: "MISLED_MAX" } },`),
  };
  await using registry = await openTexts(texts, {
    environment: { AWS_SECRET_ACCESS_KEY: "s3cret", MISLED_MAX: "many" },
  });
  assert.deepEqual(registry.resolvers.map(({ name }) => name), ["good"]);
  assert.deepEqual(registry.broken.map(({ problem }) => problem), [
    `Cannot use plugin "greedy.js": settings.key.env is "AWS_SECRET_ACCESS_KEY": it must begin with "GREEDY_" or ` +
    `"CONTENTDOWNLOAD_", and after the latter hold no two underscores in a row`,
  ]);
  assert.equal(
    registry.plugins.find(({ manifest }) => manifest.name === "misled")?.unusable,
    `Cannot use resolvers.misled.max: in the environment variable MISLED_MAX, "many" is not a number`,
  );
  // The program's own plugins are the operator's to set right.
  await assert.rejects(
    openShared({ "misled.js": texts["misled.js"] }, { environment: { MISLED_MAX: "many" } }),
    {
      name: "InputError",
      message: /MISLED_MAX, "many" is not a number/,
    },
  );
});

Deno.test("openPlugins() obeys enabled and tier of the configuration, and leaves limits to its readers", async () => {
  const settings: Readonly<Record<string, Record<string, unknown>>> = {
    fetching: { enabled: false },
    good: { tier: 7, limits: { raise: true, rates: ["0.2/s"] } },
  };
  await using registry = await openTexts({ "fetching.js": FETCHING, "good.js": GOOD }, {
    settingsOf: (name) => settings[name],
  });
  assert.deepEqual(registry.resolvers.map(({ name, tier }) => [name, tier]), [["good", 7]]);
  assert.deepEqual(registry.plugins.map(({ enabled }) => enabled), [false, true]);
  assert.deepEqual(registry.plugins[1]?.limits, { rates: [] });
});

Deno.test("resolve() lets a plugin ask its declared hosts and that of its base URL, no others", async (t) => {
  const asked: string[] = [];
  const fetch: ResolverFetch = (request) => {
    asked.push(request.url);
    return answering("")(request);
  };
  const cases: readonly (readonly [hosts: string[], base: string, allowed: boolean])[] = [
    [["api.example.org"], "https://api.example.org", true],
    [["api.example.org"], "https://API.example.org.", false],
    [["api.example.org"], "https://api.example.org:8443", false],
    [["api.example.org:8443"], "https://api.example.org:8443", true],
    [["*.example.org"], "https://a.b.example.org", true],
    [["*.example.org"], "https://example.org", false],
    [["*.example.org"], "https://badexample.org", false],
    [["*"], "http://127.0.0.1:9001", true],
    [[], "http://127.0.0.1:9001", false],
  ];
  const texts = cases.map(([hosts, base], index) => [
    `p${index}.js`,
    pluginText(`p${index}`, `await ctx.fetch("${base}/x"); return { candidates: [] };`)
      .replace(`["api.example.org"]`, JSON.stringify(hosts)),
  ]);
  await using registry = await openShared({ ...Object.fromEntries(texts), "fetching.js": FETCHING }, {
    settingsOf: (name) => name === "fetching" ? { base_url: "http://127.0.0.1:9001" } : undefined,
  });
  for (const [index, [hosts, base, allowed]] of cases.entries()) {
    await t.step(`${JSON.stringify(hosts)} ${allowed ? "has" : "lacks"} ${base}`, async () => {
      const answer = await ask(registry, `p${index}`, fetch);
      if (allowed) assert.equal(answer.type, "found");
      else assert.match(failureOf(answer), /does not declare this host/);
    });
  }
  await t.step("that of the base URL", async () => {
    assert.equal((await ask(registry, "fetching", fetch)).type, "found");
    assert.equal(asked.at(-1), "http://127.0.0.1:9001/x");
  });
});

Deno.test("resolve() abandons the call when its fetch is closed or has failed, and gives that back", async (t) => {
  const ends: readonly ResolverFetchResult[] = [
    { type: "closed", group: "fetching", until: 5_000, why: "cool-down" },
    { type: "failed", reason: "timeout", detail: "no byte within 30 s" },
  ];
  await using registry = await openTexts({ "fetching.js": FETCHING });
  for (const end of ends) {
    await t.step(end.type, async () => {
      assert.deepEqual(await ask(registry, "fetching", () => Promise.resolve(end)), end);
      assert.equal((await ask(registry, "fetching", answering("1"))).type, "found");
    });
  }
});

Deno.test("resolve() fails when its fetch throws or gives more than the bound", async () => {
  await using registry = await openTexts({ "fetching.js": FETCHING }, { bounds: { bodyChars: 1_000 } });
  const throwing = () => Promise.reject(new Error("defect"));
  assert.match(
    failureOf(await ask(registry, "fetching", throwing)),
    /Cannot fetch for plugin "fetching": defect/,
  );
  const large = await ask(registry, "fetching", answering("x".repeat(1_001)));
  assert.match(failureOf(large), /too large for plugin "fetching": 1001 characters/);
});

Deno.test("resolve() rejects with the signal's reason, before and amid a call, and the next call works", async () => {
  await using registry = await openTexts({ "fetching.js": FETCHING });
  const resolver = resolverOf(registry, "fetching");
  const reason = new Error("stopped");
  await assert.rejects(resolver.resolve(ARTIFACT, AbortSignal.abort(reason), answering("")), reason);
  const controller = new AbortController();
  const amid = resolver.resolve(ARTIFACT, controller.signal, () => {
    controller.abort(reason);
    return new Promise(() => {});
  });
  await assert.rejects(amid, reason);
  assert.equal((await ask(registry, "fetching", answering("1"))).type, "found");
});

Deno.test("resolve() runs calls of one plugin side by side", async () => {
  await using registry = await openTexts({ "fetching.js": FETCHING });
  const { promise: all, resolve: allCame } = Promise.withResolvers<void>();
  let under = 0;
  // No fetch is answered before all calls have sent theirs.
  const fetch: ResolverFetch = async (request) => {
    if (++under === 20) allCame();
    await all;
    return await answering("!")(request);
  };
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(registry, "fetching", fetch)));
  assert.ok(answers.every((answer) => answer.type === "found"));
});

Deno.test("resolve() passes any text to and from a plugin unharmed", async () => {
  const text = '\u0000 \ud83d\ude00 é \ufeff </script> \u2028 \\ " x';
  const echo = pluginText(
    "echo",
    `const { body } = (await ctx.fetch("https://api.example.org/?q=" + encodeURIComponent(artifact.metadata.note))).json();
     ctx.log(body); return { candidates: [], ids: { doi: artifact.ids.doi } };`,
  );
  const logger = keepingLogger();
  await using registry = await openTexts({ "echo.js": echo }, { logger });
  let sent: unknown;
  const answer = await ask(registry, "echo", (request) => {
    sent = new URL(request.url).searchParams.get("q");
    return answering(JSON.stringify({ body: text }))(request);
  }, { ...ARTIFACT, metadata: { note: text } });
  assert.equal(answer.type, "found");
  assert.equal(sent, text);
  assert.equal(logger.lines[0]?.message, text);
});

Deno.test("secrets appear neither in logs nor in failures nor in the listing, and reach the plugin", async () => {
  const secret = "s3cret/+&key";
  const body = `ctx.log("with " + ctx.settings.key); console.warn(encodeURIComponent(ctx.settings.key));
    throw new Error("refused " + new URLSearchParams({ k: ctx.settings.key }));`;
  const logger = keepingLogger();
  await using registry = await openTexts(
    { "a.js": pluginText("a", body, `settings: { key: { type: "string", secret: true, env: "A_KEY" } },`) },
    { logger, environment: { A_KEY: secret }, settingsOf: () => ({ key: "from file" }) },
  );
  assert.match(failureOf(await ask(registry, "a")), /refused k=\*\*\*/);
  assert.deepEqual(logger.lines.map(({ level, message }) => [level, message]), [["info", "with ***"], [
    "warn",
    "***",
  ]]);
  assert.deepEqual(registry.plugins[0]?.settings, { key: "***" });
});

Deno.test("openPlugins() refuses a source that is too large before it is parsed", async () => {
  await using registry = await openTexts({ "big.js": `//${"x".repeat(2 ** 20)}` });
  assert.match(registry.broken[0]?.problem ?? "", /has 1048578 characters where 1048576 are allowed/);
});

Deno.test("a registry that is closed fails the calls under way, and those that come later", async () => {
  const registry = await openTexts({ "fetching.js": FETCHING });
  const { promise: sent, resolve } = Promise.withResolvers<void>();
  const answer = ask(registry, "fetching", () => {
    resolve();
    return new Promise(() => {});
  });
  await sent;
  await registry[Symbol.asyncDispose]();
  assert.match(failureOf(await answer), /was stopped: the sandbox was closed/);
  assert.match(failureOf(await ask(registry, "fetching")), /could not be started: the sandbox was closed/);
});

Deno.test("sources survive being posted to another thread", async () => {
  const source = await external("good.js", GOOD);
  assert.deepEqual(structuredClone(source), source);
  assert.match(source.sha256, /^[0-9a-f]{64}$/);
});
