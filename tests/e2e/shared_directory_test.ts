import { deepEqual, equal } from "node:assert/strict";
import { startLittleWeb } from "../../fixtures/mod.ts";
import { PROGRAM_KIND } from "../_support/program.ts";
import { until } from "../_support/until.ts";
import { Workspace } from "../_support/workspace.ts";

/**
 * `get` has a queue of its own in memory, and so has every other database: what one of them has on its way, the
 * others must leave alone.
 */
Deno.test(`get leaves alone what a run has on its way to the same directory ${PROGRAM_KIND}`, async () => {
  await using web = await startLittleWeb();
  await using workspace = await Workspace.open(web, { pipeline: { resolvers: ["arxiv"] } });
  const hanging = Array.from({ length: 3 }, (_, index) => `${web.origins.press}/hang/30000/${index}.pdf`);
  await workspace.importUrls(hanging);

  await using run = workspace.start(["queue", "run"]);
  await until(() => workspace.parts().length === hanging.length, "all downloads have begun");
  const begun = workspace.parts();
  await workspace.succeed(["get", `${web.origins.society}/good/30000/other.pdf`]);
  deepEqual(workspace.parts(), begun);

  run.kill("SIGTERM");
  await run.saying(/Stopping/);
  run.kill("SIGTERM");
  equal((await run.ended).code, 143);
});
