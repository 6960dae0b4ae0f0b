/**
 * Simulates a day of traffic: `deno task simulate [--seed N] [--seeds N] [--requests N] [--hosts N] [--workers N]`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { replayCommand, simulate } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    requests: { type: "string", default: "1000000" },
    hosts: { type: "string", default: "10000" },
    workers: { type: "string", default: "64" },
    "fault-every-ms": { type: "string", default: "600000" },
  },
});

const first = Number(values.seed);
let failed = 0;
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  const plan = {
    seed,
    requests: Number(values.requests),
    hosts: Number(values.hosts),
    maxWorkers: Number(values.workers),
    faultEveryMs: Number(values["fault-every-ms"]),
  };
  const begunMs = performance.now();
  // A large one takes minutes; what it writes here says that it goes on.
  const report = await simulate(plan, (hour, left) => {
    const seconds = ((performance.now() - begunMs) / 1000).toFixed(0);
    console.error(`seed ${seed}: hour ${hour}, ${left} jobs left, ${seconds} s`);
  });
  const deaths = Object.entries(report.deaths).map(([death, count]) => `${count} ${death}`).join(", ");
  console.log(
    `seed ${seed}: ${plan.requests} jobs, ${report.requests} requests, ${report.refusals} refused, ${report.commits} commits, ` +
      `${(report.virtualMs / 3_600_000).toFixed(2)} h in ${
        ((performance.now() - begunMs) / 1000).toFixed(1)
      } s; ` +
      `processes: ${deaths}; trace ${report.digest}`,
  );
  if (report.breaches.length === 0) continue;
  failed++;
  for (const breach of report.breaches) console.log(`  ${breach}`);
  console.log(`  replay: ${replayCommand(plan)}`);
}
console.log(failed === 0 ? "all promises held" : `${failed} seeds broke a promise`);
Deno.exit(failed === 0 ? 0 : 1);
