import { deepEqual, equal } from "node:assert/strict";
import type { Feedback, Permit } from "../../src/model/permit.ts";
import { silentLogger } from "../../src/model/ports.ts";
import type { LeasedJob } from "../../src/queue/mod.ts";
import { type JobEnd, runOne, type RunOneOptions } from "../../src/orchestrator/mod.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";
import { record } from "../queue/_jobs.ts";
import { answered } from "./_rig.ts";

const JOB: LeasedJob = {
  jobId: 1,
  epoch: 7,
  artifactId: "doi:10.1/a",
  metadata: null,
  attempts: 1,
  cursor: "what was learned",
  route: "host:example.org",
  leaseUntil: 0,
};

/** Options of one run, with what it settled. */
function makeOptions(fields: Partial<RunOneOptions>) {
  const ends: JobEnd[] = [];
  const options: RunOneOptions = {
    process: () => Promise.resolve({ type: "ack", record: record() }),
    permits: { acquire: () => Promise.reject(new Error("nothing is to be acquired")) },
    signal: new AbortController().signal,
    confirm: () => Promise.resolve(true),
    settle: (end) => {
      ends.push(end);
      return Promise.resolve("ok");
    },
    logger: silentLogger,
    clock: new VirtualClock(),
    ...fields,
  };
  return { options, ends };
}

Deno.test("runOne() settles a job as its work says", async () => {
  const { options, ends } = makeOptions({});
  deepEqual(await runOne(JOB, null, options), {
    end: { type: "ack", record: record() },
    settled: "ok",
  });
  equal(ends.length, 1);
});

Deno.test("runOne() lets the groups know whether the job had failed before", async () => {
  for (const attempts of [0, 1]) {
    const told: Feedback[] = [];
    const permit: Permit = {
      type: "permit",
      groups: ["api"],
      depart: () => {},
      report: (feedback) => void told.push(feedback),
      [Symbol.dispose]: () => {},
    };
    const { options } = makeOptions({
      process: async (_, { permits }) => {
        const granted = await permits.acquire(["api"]);
        if (granted.type === "permit") granted.report(answered(503));
        return { type: "ack", record: record() };
      },
    });
    await runOne({ ...JOB, attempts }, permit, options);
    deepEqual(told, [attempts === 0 ? answered(503) : { ...answered(503), isRetry: true }]);
  }
});

Deno.test("runOne() turns an unexpected throw into a retry that keeps the cursor, and logs it", async () => {
  const logged: string[] = [];
  const { options, ends } = makeOptions({
    process: () => Promise.reject(new Error("a defect")),
    logger: { ...silentLogger, error: (message) => void logged.push(message) },
  });
  await runOne(JOB, null, options);
  const [end] = ends;
  if (end?.type !== "retry") throw new Error(`it ended as ${end?.type}`);
  deepEqual([end.route, end.cursor, end.message], ["fresh:doi", "what was learned", "a defect"]);
  deepEqual([end.record.outcome, end.record.reason], ["error", "resolver-failed"]);
  deepEqual(logged, ["unexpected failure"]);
});

Deno.test("runOne() releases a job whose work throws because it was aborted", async () => {
  const { options, ends } = makeOptions({
    process: () => Promise.reject(new Error("aborted")),
    signal: AbortSignal.abort(),
  });
  await runOne(JOB, null, options);
  deepEqual(ends, [{ type: "release", route: "host:example.org", cursor: "what was learned" }]);
});

Deno.test("runOne() gives the unused permit back before it settles", async () => {
  const order: string[] = [];
  const { options } = makeOptions({
    settle: () => {
      order.push("settled");
      return Promise.resolve("ok");
    },
  });
  const permit = {
    type: "permit" as const,
    groups: ["api"],
    depart() {},
    report() {},
    [Symbol.dispose]: () => void order.push("given back"),
  };
  await runOne(JOB, permit, options);
  deepEqual(order, ["given back", "settled"]);
});

Deno.test("runOne() says that the lease was lost, and drops the work", async () => {
  const logged: string[] = [];
  const { options } = makeOptions({
    settle: () => Promise.resolve("lost"),
    logger: { ...silentLogger, warn: (message) => void logged.push(message) },
  });
  equal((await runOne(JOB, null, options)).settled, "lost");
  deepEqual(logged, ["lease lost; the work is dropped"]);
});
