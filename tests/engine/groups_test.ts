import assert from "node:assert/strict";
import { createGroups } from "../../src/engine/groups.ts";
import type { Config } from "../../src/config/mod.ts";
import type { PluginRegistry } from "../../src/plugins/mod.ts";
import { GroupBook } from "../../src/limits/mod.ts";
import { ManualClock } from "../_support/manual_clock.ts";
import { configOf, registryOf } from "./_configured.ts";

/** What plugins say of themselves, by the operator's settings: a sandbox each time would be slow. */
const described = new Map<string, PluginRegistry>();

/** The groups of a configuration with an API of two hosts and a repository that shares its rule with its files. */
async function groupsOf(content: Readonly<Record<string, unknown>>) {
  const config = await configOf(content);
  const key = JSON.stringify(config.resolvers);
  const registry = described.get(key) ?? await describe(config);
  described.set(key, registry);
  return createGroups(() => config, registry, registry.resolvers);
}

async function describe(config: Config): Promise<PluginRegistry> {
  await using registry = await registryOf(
    config,
    ["api", {
      tier: 1,
      accepts: ["doi", "pmid"],
      limits: { concurrency: 5, rates: ["10/s"], dailyBudget: 1000 },
    }],
    ["repository", {
      tier: 2,
      accepts: ["arxiv", "doi"],
      hosts: ["export.repository.example", "repository.example"],
      limits: { concurrency: 1, rates: ["1/3s"] },
      sharedHosts: ["repository.example"],
    }],
    ["fellow", { tier: 1, accepts: ["doi"] }],
  );
  return registry;
}

Deno.test("createGroups() gives each host a group, and a plugin's hosts those of the plugin", async () => {
  const groups = await groupsOf({});
  assert.equal(groups.groupOf(new URL("https://EXAMPLE.org:443/a")), "host:example.org");
  assert.equal(groups.groupOf(new URL("http://example.org:8080/a")), "host:example.org:8080");
  assert.equal(groups.groupOf(new URL("https://repository.example/a.pdf")), "repository");
  assert.equal(groups.groupOf(new URL("https://api.example/a.pdf")), "host:api.example");

  assert.deepEqual(groups.groupsOfRequest("api", new URL("https://api.example/v1")), ["api"]);
  assert.deepEqual(groups.groupsOfRequest("api", new URL("https://other.example/")), [
    "api",
    "host:other.example",
  ]);
  assert.deepEqual(groups.groupsOfRequest("api", new URL("https://repository.example/")), [
    "api",
    "repository",
  ]);
  assert.deepEqual(
    [
      groups.isApi("api", new URL("https://api.example/")),
      groups.isApi("nobody", new URL("https://api.example/")),
    ],
    [true, false],
  );
});

Deno.test("createGroups() shares a host that one plugin alone declares", async () => {
  const config = await configOf({});
  const shared = { hosts: ["files.example"], sharedHosts: ["files.example"] };
  await using registry = await registryOf(config, ["one", shared], ["two", { hosts: ["files.example"] }]);
  const groups = createGroups(() => config, registry, registry.resolvers);
  assert.equal(groups.groupOf(new URL("https://files.example/a.pdf")), "host:files.example");
});

Deno.test("each host answers for itself where a plugin asks any host", async () => {
  const config = await configOf({ resolvers: { pages: { base_url: "https://doi.example" } } });
  await using registry = await registryOf(config, ["pages", {
    hosts: ["*"],
    settings: { base_url: { type: "url", default: "https://elsewhere.example" } },
  }]);
  const groups = createGroups(() => config, registry, registry.resolvers);
  const clock = new ManualClock();
  const book = new GroupBook({ clock, limitsOf: groups.limitsOf, onNews() {} });
  const needs = (url: string) => groups.groupsOfRequest("pages", new URL(url));
  assert.deepEqual(needs("https://doi.example/10.1/x"), ["pages", "host:doi.example"]);
  assert.equal(groups.isApi("pages", new URL("https://doi.example/10.1/x")), true, "robots.txt is of pages");

  for (let n = 0; n < 20; n++) assert.equal(book.acquire(needs(`https://${n}.example/`)).type, "permit");
  const permit = book.acquire(needs("https://slow.example/"));
  assert.ok(permit.type === "permit");
  permit.depart();
  permit.report({
    type: "answered",
    status: 429,
    headers: new Headers({ "retry-after": "3600", "ratelimit-policy": '"default";q=1;w=60' }),
    latencyMs: 100,
  });
  permit[Symbol.dispose]();
  book.settle();
  assert.equal(book.acquire(needs("https://slow.example/")).type, "closed");
  assert.equal(book.acquire(needs("https://other.example/")).type, "permit");
  assert.equal(book.acquire(needs("https://another.example/")).type, "permit");
});

Deno.test("needsOf() says with what a job on each route can begin", async () => {
  const { needsOf } = await groupsOf({});
  // Any one of a tier's resolvers will do.
  assert.deepEqual(needsOf("fresh:doi"), [[["api"], ["fellow"]], [["repository"]]]);
  assert.deepEqual(needsOf("fresh:pmid"), [[["api"]]]);
  assert.deepEqual(needsOf("fresh:arxiv"), [[["repository"]]]);
  assert.deepEqual(needsOf("fresh:openalex"), [[[]]]);
  assert.deepEqual(needsOf("api"), [[["api"]]]);
  assert.deepEqual(needsOf("host:example.org"), [[["host:example.org"]]]);
  assert.deepEqual(needsOf("host:repository.example"), [[["repository"]]]);
  // The route of a job that waits for several groups at once names what they are.
  assert.deepEqual(needsOf("host:example.org host:example.net"), [[[
    "host:example.org",
    "host:example.net",
  ]]]);
  assert.deepEqual(needsOf("api host:example.org"), [[["api", "host:example.org"]]]);
});

Deno.test("limitsOf() prefers limits.<group> to resolvers.<name>.limits to the plugin to the default", async () => {
  const own = await groupsOf({});
  assert.deepEqual(
    (({ concurrency, windows, dailyBudget }) => ({ concurrency, windows, dailyBudget }))(own.limitsOf("api")),
    { concurrency: 5, windows: [{ limit: 10, perMs: 1_000 }], dailyBudget: { limit: 1000, resetHourUtc: 0 } },
  );
  const steps = [
    [{ orchestrator: { max_per_resolver: { fellow: 7 } } }, 7],
    [{ orchestrator: { max_per_host: 6 } }, 6],
    [{ limits: { default: { concurrency: 9 } } }, 4],
    [{
      resolvers: { fellow: { limits: { concurrency: 3 } } },
      orchestrator: { max_per_resolver: { fellow: 7 } },
    }, 3],
    [{ limits: { fellow: { concurrency: 2 } }, resolvers: { fellow: { limits: { concurrency: 3 } } } }, 2],
  ] as const;
  for (const [content, concurrency] of steps) {
    assert.equal(
      (await groupsOf(content)).limitsOf("fellow").concurrency,
      concurrency,
      JSON.stringify(content),
    );
  }
  const partly = await groupsOf({
    resolvers: { api: { limits: { rates: ["0.2/s"], daily_budget: 10, budget_reset_hour_utc: 8 } } },
    limits: { api: { concurrency: 2 } },
  });
  assert.deepEqual(
    (({ concurrency, windows, dailyBudget }) => ({ concurrency, windows, dailyBudget }))(
      partly.limitsOf("api"),
    ),
    { concurrency: 2, windows: [{ limit: 1, perMs: 5_000 }], dailyBudget: { limit: 10, resetHourUtc: 8 } },
  );
});

Deno.test("limitsOf() goes back to what the plugin states when the configuration ceases to", async () => {
  const before = await configOf({ resolvers: { api: { limits: { concurrency: 1, rates: ["1/s"] } } } });
  let config = before;
  const registry = await describe(before);
  const { limitsOf } = createGroups(() => config, registry, registry.resolvers);
  const stated = () => [limitsOf("api").concurrency, limitsOf("api").windows];
  assert.deepEqual(stated(), [1, [{ limit: 1, perMs: 1_000 }]]);
  config = await configOf({});
  assert.deepEqual(stated(), [5, [{ limit: 10, perMs: 1_000 }]]);
});

Deno.test("limitsOf() knows a host by its group or its bare name, over the default", async () => {
  const { limitsOf } = await groupsOf({
    limits: {
      "default": { concurrency: 3, rates: ["2/s"] },
      "example.org": { concurrency: 1 },
      "host:example.net": { rates: ["1/m"] },
    },
  });
  assert.deepEqual(
    ["host:example.com", "host:example.org", "host:example.net"].map((name) => {
      const { concurrency, windows } = limitsOf(name);
      return [concurrency, windows];
    }),
    [
      [3, [{ limit: 2, perMs: 1_000 }]],
      [1, [{ limit: 2, perMs: 1_000 }]],
      [3, [{ limit: 1, perMs: 60_000 }]],
    ],
  );
});

Deno.test("limitsOf() approaches a host gently of which nobody stated anything", async () => {
  const starts = [
    [{}, "gentle"],
    [{ limits: { default: { rates: ["2/s"] } } }, "full"],
    [{ limits: { default: { adaptive: { enabled: false } } } }, "full"],
    [{ orchestrator: { max_per_host: 4 } }, "gentle"],
    [{ orchestrator: { max_per_host: 5 } }, "full"],
    [
      { orchestrator: { max_per_host: 5 }, limits: { default: { adaptive: { initial_per_second: 1 } } } },
      "gentle",
    ],
  ] as const;
  for (const [content, start] of starts) {
    const { adaptive } = (await groupsOf(content)).limitsOf("host:example.org");
    assert.equal(adaptive?.start, start, JSON.stringify(content));
  }
  const { adaptive } = (await groupsOf({
    limits: {
      default: {
        concurrency: 3,
        adaptive: {
          max_concurrency: 50,
          initial_per_second: 2,
          floor_per_second: 0.5,
          ceiling_per_second: 9,
        },
      },
    },
  })).limitsOf("host:example.org");
  // The search never goes above what is configured.
  const { maxConcurrency, initialPerSecond, floorPerSecond, ceilingPerSecond } = adaptive?.options ?? {};
  assert.deepEqual([maxConcurrency, initialPerSecond, floorPerSecond, ceilingPerSecond], [3, 2, 0.5, 9]);
});

Deno.test("limitsOf() lets a server's word raise limits only where the operator says so", async () => {
  const { limitsOf } = await groupsOf({ limits: { fellow: { raise: true } } });
  assert.deepEqual([limitsOf("api").raise, limitsOf("fellow").raise], [false, true]);
});

Deno.test("A changed configuration holds at the next permit, up and down", async () => {
  let config = await configOf({ limits: { default: { concurrency: 2, adaptive: { enabled: false } } } });
  await using registry = await registryOf(config);
  const { limitsOf } = createGroups(() => config, registry, []);
  const book = new GroupBook({ clock: new ManualClock(), limitsOf, onNews: () => {} });
  const take = () => book.acquire(["host:example.org"]).type;
  assert.deepEqual([take(), take(), take()], ["permit", "permit", "closed"]);
  config = await configOf({ limits: { default: { concurrency: 3, adaptive: { enabled: false } } } });
  assert.equal(take(), "closed");
  book.reconfigure();
  assert.deepEqual([take(), take()], ["permit", "closed"]);
  config = await configOf({ limits: { default: { concurrency: 1, adaptive: { enabled: false } } } });
  book.reconfigure();
  assert.equal(take(), "closed");
});
