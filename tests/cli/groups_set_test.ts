import { deepEqual, equal, match, ok } from "node:assert/strict";
import { groupOfHost, knownPlugins } from "../../src/cli/groups/known_plugins.ts";
import { resolveGroupName } from "../../src/cli/groups/resolve_group_name.ts";
import { loadPluginSources } from "../../src/plugins/mod.ts";
import { until } from "../_support/until.ts";
import { Program } from "./_program.ts";
import { fillQueue } from "./_queue.ts";
import { spawnProgram } from "./_spawn.ts";

/** What is set must hold in every process within this time. */
const WITHIN_MS = 1000;

/** Starts between two instants are judged from the server's side. */
interface Site extends AsyncDisposable {
  /** When each request but those for `robots.txt` came, in milliseconds. */
  readonly at: readonly number[];
  readonly host: string;
}

function startSite(): Site {
  const at: number[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    if (!url.endsWith("/robots.txt")) at.push(performance.now());
    return new Response(null, { status: 404 });
  });
  return { at, host: `127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

async function arrange(site: Site): Promise<{ program: Program; options: readonly string[] }> {
  const program = new Program();
  program.write(
    "config.json",
    JSON.stringify({
      network: { allow_private: ["127.0.0.1"] },
      storage: { out: program.path("downloads") },
      limits: { [`host:${site.host}`]: { concurrency: 4, rates: ["10/s"] } },
    }),
  );
  const options = ["--config", program.path("config.json"), "--db", program.path("state/queue.sqlite")];
  const list = Array.from({ length: 2000 }, (_, index) => `http://${site.host}/${index}.pdf\n`).join("");
  await program.run(["queue", "import", program.write("works.txt", list), ...options]);
  return { program, options };
}

/** Gaps between the `count` requests that come first after `from`, once they have come. */
async function gapsAfter(site: Site, from: number, count: number): Promise<readonly number[]> {
  const since = () => site.at.filter((at) => at > from);
  await until(() => since().length > count, `${count} requests came after the change`);
  return since().slice(1, count + 1).map((at, index) => at - (since()[index] ?? 0));
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

Deno.test("queue groups set changes the rate of a running process, upwards and downwards", async () => {
  await using site = startSite();
  const { program, options } = await arrange(site);
  await using _ = program;
  const child = await spawnProgram(["queue", "run", ...options]);
  try {
    const before = mean(await gapsAfter(site, 0, 10));
    ok(before > 80, `10/s was kept: ${before} ms between two requests`);

    await set(program, site.host, "--rate", "40/s", ...options);
    const upwards = mean(await gapsAfter(site, performance.now() + WITHIN_MS, 60));
    ok(upwards < 50, `40/s holds: ${upwards} ms between two requests`);

    await set(program, site.host, "--rate", "2/s", ...options);
    const downwards = await gapsAfter(site, performance.now() + WITHIN_MS, 3);
    ok(Math.min(...downwards) > 450, `2/s holds: ${downwards} ms between two requests`);

    const { stdout } = await program.run(["queue", "groups", "--format", "json", ...options]);
    const [group] = JSON.parse(stdout).filter(({ name }: { name: string }) => name === `host:${site.host}`);
    deepEqual([group.configured.rates, group.operator.rates, group.in_force.rates], [["10/s"], ["2/s"], [
      "2/s",
    ]]);
  } finally {
    child.kill("SIGTERM");
    equal((await child.output()).code, 143);
  }

  // The next process, too.
  const again = await spawnProgram(["queue", "run", ...options]);
  const afterRestart = await gapsAfter(site, performance.now(), 2);
  again.kill("SIGTERM");
  await again.output();
  ok(Math.min(...afterRestart) > 450, `2/s holds after a restart: ${afterRestart} ms between two requests`);
});

async function set(program: Program, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await program.run(["queue", "groups", "set", ...args]);
  equal(code, 0, stderr);
}

Deno.test("queue groups set keeps what it is not told, and --reset takes all back", async () => {
  await using program = new Program();
  const clock = await fillQueue(program.path("queue.sqlite"));
  const run = (...args: readonly string[]) => program.run(["queue", "groups", ...args], { clock });
  equal(
    (await run("set", "crossref", "--rate", "5/s", "--rate", "100/h")).stdout,
    "crossref: 5/s 100/h, set by the operator\n",
  );
  equal(
    (await run("set", "crossref", "--concurrency", "2")).stdout,
    "crossref: ×2 5/s 100/h, set by the operator\n",
  );
  const json = await run("set", "crossref", "--daily-budget", "5000", "--format", "json");
  deepEqual(JSON.parse(json.stdout), {
    name: "crossref",
    operator: { concurrency: 2, rates: ["5/s", "100/h"], daily_budget: 5000 },
    used: true,
  });
  match((await run()).stdout, /^GROUP.* OPERATOR .*\n.*\ncrossref .* ×2 5\/s 100\/h 5,000\/day /);
  equal(
    (await run("set", "crossref", "--daily-budget", "0.5")).stdout,
    "crossref: ×2 5/s 100/h 0.5/day, set by the operator\n",
  );
  match((await run()).stdout, /\ncrossref .* 0\/0\.5 /);
  equal((await run("set", "crossref", "--reset")).stdout, "crossref: the configured limits hold again\n");
  const [, crossref] = JSON.parse((await run("--format", "json")).stdout);
  deepEqual([crossref.name, crossref.operator], ["crossref", null]);
});

for (
  const [args, problem] of [
    ["crosref --rate 5/s", /Cannot set limits of "crosref": .*; did you mean "crossref"\?/],
    ["xyz --rate 5/s", /Cannot set limits of "xyz": it is neither [^;]*\n/],
    [
      "crossref --rate 5/x",
      /Cannot read the rate "5\/x": the unit "x" is not one of ms, s, m, h, d; right would be/,
    ],
    ["crossref", /give --concurrency, --rate or --daily-budget, or --reset/],
    ["crossref --rate 1/s --reset", /give limits or --reset, not both/],
    ["crossref --concurrency 0", /0/],
    ["crossref --daily-budget 0", /0/],
  ] as const
) {
  Deno.test(`queue groups set ${args} is refused`, async () => {
    await using program = new Program();
    await fillQueue(program.path("queue.sqlite"));
    const { code, stdout, stderr } = await program.run(["queue", "groups", "set", ...args.split(" ")]);
    deepEqual([code, stdout], [2, ""]);
    match(stderr, problem);
  });
}

Deno.test("queue groups set says so when nobody has worked with the group yet", async () => {
  await using program = new Program();
  await fillQueue(program.path("queue.sqlite"));
  const { stdout } = await program.run(["queue", "groups", "set", "exmaple.org", "--concurrency", "1"]);
  equal(stdout, "host:exmaple.org: ×1, set by the operator (no process has worked with this group yet)\n");
});

for (
  const [given, name] of [
    ["crossref", "crossref"],
    ["unpaywall", "unpaywall"],
    ["host:example.org", "host:example.org"],
    ["Example.ORG", "host:example.org"],
    ["example.org:443", "host:example.org"],
    ["example.org:80", "host:example.org"],
    ["example.org:8080", "host:example.org:8080"],
    ["localhost:8080", "host:localhost:8080"],
    ["host:localhost", "host:localhost"],
    ["[::1]:8080", "host:[::1]:8080"],
    ["http://example.org:8080/a.pdf", "host:example.org:8080"],
    ["arxiv.org", "arxiv"],
  ] as const
) {
  Deno.test(`resolveGroupName() takes ${given} for ${name}`, async () => {
    const { sources } = await loadPluginSources([]);
    equal(resolveGroupName(given, new Set(["host:example.org"]), knownPlugins(sources, {})), name);
  });
}

Deno.test("groupOfHost() knows the hosts of configured base URLs, but none that several resolvers have", async () => {
  const { sources } = await loadPluginSources([]);
  const arxiv = { enabled: true, pdf_base_url: "https://Mirror.example:8443/pdf" };
  const mirrored = knownPlugins(sources, { arxiv });
  equal(groupOfHost("mirror.example:8443", mirrored), "arxiv");
  equal(groupOfHost("arxiv.org", mirrored), "arxiv");
  const crossref = { enabled: true, base_url: "https://mirror.example:8443" };
  equal(
    groupOfHost("mirror.example:8443", knownPlugins(sources, { arxiv, crossref })),
    "host:mirror.example:8443",
  );
});
