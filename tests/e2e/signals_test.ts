import { deepEqual, equal, match, ok } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { type LittleWeb, startLittleWeb } from "../../fixtures/mod.ts";
import { PROGRAM_KIND } from "../_support/program.ts";
import { faultsOf, filesBelow } from "../_support/stored.ts";
import { until } from "../_support/until.ts";
import { type Overrides, Workspace } from "../_support/workspace.ts";

const WINDOWS = Deno.build.os === "windows";

/** No resolver is needed: the works are URLs. */
const URLS_ONLY = { pipeline: { resolvers: ["arxiv"] } };

function urlsOf(origin: string, behaviour: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${origin}/${behaviour}/30000/${index}.pdf`);
}

function underWay(web: LittleWeb, host: string): number {
  return web.log.of(host).filter(({ endedAtMs }) => endedAtMs === null).length;
}

/** What must hold after every graceful stop: no lease, nothing partial, no temporary file. */
async function standsStill(workspace: Workspace): Promise<void> {
  const { in_progress, done } = await workspace.stats();
  equal(in_progress, 0);
  deepEqual(workspace.parts(), []);
  const stored: string[] = [];
  for await (const path of filesBelow(workspace.downloads)) stored.push(path);
  const recorded = [...(await workspace.records()).values()].filter(({ outcome }) => outcome === "done");
  deepEqual(stored.sort(), recorded.map(({ path }) => path).sort());
  equal(done, recorded.length);
  for (const path of stored) equal((await Deno.stat(`${workspace.downloads}/${path}`)).size, 30_000, path);
}

/** How many artifacts are leased, by the database itself. */
function leased(workspace: Workspace): number {
  const database = new DatabaseSync(workspace.database, { readOnly: true });
  try {
    return Number(database.prepare("SELECT count(*) AS n FROM jobs WHERE state = 1").get()?.n);
  } finally {
    database.close();
  }
}

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test({
    name: `${signal} lets running works end, gives the rest back and ends with ${code} ${PROGRAM_KIND}`,
    ignore: WINDOWS,
    fn: async () => {
      await using web = await startLittleWeb();
      await using workspace = await Workspace.open(web, URLS_ONLY);
      await workspace.importUrls(urlsOf(web.origins.archive, "slow", 20));
      await using program = workspace.start(["queue", "run"]);
      await until(() => underWay(web, "archive") > 0, "a download is under way");
      program.kill(signal);
      const { code: actual, stderr } = await program.ended;
      equal(actual, code, stderr);
      match(stderr, /Stopping/);
      await standsStill(workspace);
      ok((await workspace.stats()).done > 0, "what was under way has ended well");
      equal((await workspace.stats()).total, 20);
    },
  });
}

Deno.test({
  name: `after the deadline running works are given back ${PROGRAM_KIND}`,
  ignore: WINDOWS,
  fn: async () => {
    await using web = await startLittleWeb();
    await using workspace = await Workspace.open(web, {
      ...URLS_ONLY,
      orchestrator: { stop_deadline_seconds: 1 },
    });
    await workspace.importUrls(urlsOf(web.origins.press, "hang", 5));
    await using program = workspace.start(["queue", "run"]);
    await until(() => underWay(web, "press") > 0, "a download hangs");
    const stoppedAt = performance.now();
    program.kill("SIGTERM");
    equal((await program.ended).code, 143);
    const tookMs = performance.now() - stoppedAt;
    ok(tookMs > 900 && tookMs < 15_000, `${tookMs} ms`);
    await standsStill(workspace);
    equal((await workspace.stats()).queued, 5);
    match(await workspace.succeed(["queue", "list", "--format", "json"]), /"attempts":0/);
  },
});

Deno.test({
  name: `a second signal ends the program at once ${PROGRAM_KIND}`,
  ignore: WINDOWS,
  fn: async () => {
    await using web = await startLittleWeb();
    await using workspace = await Workspace.open(web, URLS_ONLY);
    await workspace.importUrls(urlsOf(web.origins.press, "hang", 5));
    await using program = workspace.start(["queue", "run"]);
    await until(() => underWay(web, "press") > 0, "a download hangs");
    program.kill("SIGINT");
    await program.saying(/Stopping/);
    const secondAt = performance.now();
    program.kill("SIGINT");
    equal((await program.ended).code, 130);
    // Far from the 30 seconds that the works would have had.
    ok(performance.now() - secondAt < 10_000);
  },
});

Deno.test({
  name: `SIGHUP takes over changed limits, and keeps to the old one if that is broken ${PROGRAM_KIND}`,
  ignore: WINDOWS,
  fn: async () => {
    await using web = await startLittleWeb();
    const group = `host:${new URL(web.origins.press).host}`;
    const limited = (rate: string): Overrides => ({ ...URLS_ONLY, limits: { [group]: { rates: [rate] } } });
    await using workspace = await Workspace.open(web, limited("1/10m"));
    await workspace.importUrls(urlsOf(web.origins.press, "good", 40));
    await using program = workspace.start(["queue", "run", "--drain"]);
    await until(() => web.log.of("press").length > 0, "the first request has come");

    await workspace.configure(web, { ...limited("1/10m"), orchestrator: { max_worker: 1 } });
    program.kill("SIGHUP");
    await program.saying(/The configuration stays as it was.*max_worker/);
    ok(program.running);

    await workspace.configure(web, { ...limited("100/s"), orchestrator: { max_workers: 3 } });
    program.kill("SIGHUP");
    await program.saying(
      /The limits in the configuration were read again; a restart is needed for orchestrator\.max_workers$/m,
    );
    // By the first limit the forty would take hours.
    equal((await program.ended).code, 0);
    equal((await workspace.stats()).done, 40);
  },
});

Deno.test({
  name: `a run ends as it should when its configuration was broken meanwhile ${PROGRAM_KIND}`,
  ignore: WINDOWS,
  fn: async () => {
    await using web = await startLittleWeb();
    await using workspace = await Workspace.open(web, URLS_ONLY);
    await workspace.importUrls(urlsOf(web.origins.press, "good", 2));
    await using program = workspace.start(["queue", "run"]);
    await until(() => web.log.of("press").length > 0, "the first request has come");
    await Deno.writeTextFile(workspace.config, "{");
    program.kill("SIGTERM");
    const { code, stdout, stderr } = await program.ended;
    equal(code, 143, stderr);
    match(stdout, /^total +2$/m);
  },
});

Deno.test(`pause and resume reach a running process within a second ${PROGRAM_KIND}`, async () => {
  await using web = await startLittleWeb();
  const group = `host:${new URL(web.origins.press).host}`;
  await using workspace = await Workspace.open(web, {
    ...URLS_ONLY,
    limits: { [group]: { rates: ["20/s"] } },
  });
  await workspace.importUrls(urlsOf(web.origins.press, "good", 2000));
  await using _program = workspace.start(["queue", "run"]);
  const requests = () => web.log.of("press");
  await until(() => requests().length > 10, "the run has begun");

  await workspace.succeed(["queue", "pause"]);
  const pausedAt = Date.now();
  ok((await workspace.stats()).paused);
  await until(() => Date.now() > pausedAt + 2500, "the pause has lasted a while");
  const resumedFrom = Date.now();
  await workspace.succeed(["queue", "resume"]);
  const resumedAt = Date.now();
  await until(() => requests().some(({ wallMs }) => wallMs > resumedFrom), "requests come again");

  const during = requests().filter(({ wallMs }) => wallMs > pausedAt + 1000 && wallMs <= resumedFrom);
  deepEqual(during, []);
  const first = requests().find(({ wallMs }) => wallMs > resumedFrom)?.wallMs ?? Infinity;
  ok(first <= resumedAt + 1000, `the first request came ${first - resumedAt} ms after the resume`);
});

Deno.test({
  name: `after SIGKILL the next run takes over at once and ends everything once ${PROGRAM_KIND}`,
  ignore: WINDOWS,
  fn: async () => {
    await using web = await startLittleWeb();
    // A lease lasts far longer than the test: only the death of its holder frees it.
    await using workspace = await Workspace.open(web, { orchestrator: { lease_ttl_seconds: 3600 } });
    const works = web.works.filter((_, index) => index % 4 === 0);
    await workspace.import(works);
    let inFlight = 0;
    {
      await using program = workspace.start(["queue", "run", "--drain"]);
      const downloads = () => web.log.entries.filter(({ path }) => path.endsWith(".pdf")).length;
      await until(() => downloads() > works.length / 3, "a third of the files is there or on its way");
      program.kill("SIGKILL");
      equal((await program.ended).signal, "SIGKILL");
      inFlight = leased(workspace);
      ok(inFlight > 0, "the kill met works in progress");
    }
    const { code, stderr } = await workspace.run(["queue", "run", "--drain"]);
    equal(code, 3, stderr);
    deepEqual(await faultsOf(works, await workspace.records(), workspace.downloads), []);
    deepEqual(workspace.parts(), []);
    equal((await workspace.stats()).total, works.length);
    const stored = new Set(
      works.flatMap(({ copies, expected }) => expected.file ? copies : []).map((copy) => copy.pdfPath),
    );
    const fetched = web.log.entries.filter(({ path, status, complete }) =>
      status === 200 && complete && stored.has(path)
    );
    const again = fetched.length - new Set(fetched.map(({ host, path }) => host + path)).size;
    ok(
      again <= inFlight,
      `${again} files were fetched twice, ${inFlight} works were in progress at the kill`,
    );
  },
});
