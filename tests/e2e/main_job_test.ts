import { deepEqual, equal, match, ok } from "node:assert/strict";
import {
  coolDownBreaches,
  HOST_NAMES,
  littleWebConfig,
  maxInFlight,
  maxStartsInWindow,
  startLittleWeb,
} from "../../fixtures/mod.ts";
import { PROGRAM_KIND } from "../_support/program.ts";
import { faultsOf } from "../_support/stored.ts";
import { Workspace } from "../_support/workspace.ts";

/**
 * A request that was on its way when the host asked for a pause. The server notes it when it gets to read it, and on a
 * busy machine both ends read in turns of some hundred milliseconds.
 */
const UNDER_WAY_MS = 500;

Deno.test(`the main job ${PROGRAM_KIND}`, async (t) => {
  await using web = await startLittleWeb();
  await using workspace = await Workspace.open(web);
  const config = littleWebConfig(web.origins, workspace.directory);
  await workspace.import(web.works);

  await t.step("queue run --drain ends with 3, for some works have no good copy", async () => {
    const { code, stdout, stderr } = await workspace.run(["queue", "run", "--drain", "--format", "json"]);
    equal(code, 3, stderr);
    const report = JSON.parse(stdout);
    deepEqual([report.queued, report.in_progress, report.total], [0, 0, web.works.length]);
  });

  await t.step("every work ends as expected, with its bytes under its name", async () => {
    deepEqual(await faultsOf(web.works, await workspace.records(), workspace.downloads), []);
    deepEqual(workspace.parts(), []);
  });

  await t.step("queue stats counts what the works expect", async () => {
    const counts: Record<string, number> = {};
    for (const { expected } of web.works) counts[expected.outcome] = (counts[expected.outcome] ?? 0) + 1;
    const { done, skipped, error, queued, in_progress, total, paused } = await workspace.stats();
    deepEqual({ done, skipped, error }, counts);
    deepEqual([queued, in_progress, total, paused], [0, 0, web.works.length, false]);
  });

  await t.step("queue check finds no fault", async () => {
    deepEqual(JSON.parse(await workspace.succeed(["queue", "check", "--format", "json"])), {
      integrity: [],
      counters: [],
    });
  });

  await t.step("each host is asked politely", () => {
    const perHost = Number(config["orchestrator"]?.["max_per_host"]);
    for (const host of HOST_NAMES) {
      const requests = web.log.of(host);
      deepEqual(coolDownBreaches(requests, UNDER_WAY_MS), [], host);
      const isApi = host in Object(config["resolvers"]);
      // The arXiv plugin's one group covers its API and its files.
      if (!isApi) ok(maxInFlight(requests) <= perHost, host);
      ok(maxInFlight(requests) <= 16, host);
      // 150 in one of the program's seconds; the server's see them a little denser or thinner.
      ok(maxStartsInWindow(requests, 1000) <= 165, host);
    }
  });

  await t.step("Crossref's metered endpoints are left alone, and every request says who asks", () => {
    for (const { path } of web.log.of("crossref")) ok(path.startsWith("/works/"), path);
    for (const { userAgent } of web.log.entries) match(userAgent ?? "", /contentdownload.*mailto:/);
  });

  await t.step("a second run asks nothing", async () => {
    const asked = web.log.entries.length;
    const { code } = await workspace.run(["queue", "run", "--drain"]);
    equal(code, 0);
    equal(web.log.entries.length, asked);
  });

  await t.step("a new queue with the same directory fetches none of the files again", async () => {
    web.log.clear();
    const other = `${workspace.directory}/other.sqlite`;
    await workspace.succeed(["queue", "import", `${workspace.directory}/works.jsonl`, "--db", other]);
    const stored = web.works.filter(({ expected }) => expected.file !== null);
    equal((await workspace.run(["queue", "run", "--drain", "--db", other])).code, 3);
    const fetched = new Set(web.log.entries.map(({ path }) => path.split("?")[0]));
    for (const { copies, artifactId } of stored) {
      ok(!copies.some(({ pdfPath }) => fetched.has(pdfPath)), artifactId);
    }
  });
});
