/**
 * `queue list`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map, optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command, option } from "@optique/core/primitives";
import { integer } from "@optique/core/valueparser";
import type { JobSummary } from "../../queue/mod.ts";
import type { Action, CommandContext } from "../action.ts";
import { EXIT } from "../exit_code.ts";
import { footer } from "../help.ts";
import { openQueue } from "../open_queue.ts";
import { isoTime, isoTimeOrNull, jsonLine } from "../render/json.ts";
import { formatTable } from "../render/table.ts";
import { formatOption, reasonOption, stateOption } from "../shared_options.ts";

const options = object({
  state: stateOption,
  reason: reasonOption,
  limit: withDefault(
    option("--limit", integer({ min: 1, max: 1_000_000, metavar: "N" }), {
      description: message`No more than this many. Default: 100.`,
    }),
    100,
  ),
  after: optional(option("--after", integer({ min: 0, metavar: "JOB" }), {
    description: message`Only jobs after this number, for paging.`,
  })),
  format: formatOption,
});

type Arguments = InferValue<typeof options>;

/** The grammar of `queue list`. */
export const queueListCommand = command(
  "list",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`List jobs.`,
    description: message`Lists jobs in the order in which they were added.`,
    footer: footer([
      "contentdownload queue list --state error",
      "contentdownload queue list --reason login-wall --limit 20 --format json",
    ]),
  },
);

async function run(
  { state, reason, limit, after, format }: Arguments,
  context: CommandContext,
): Promise<number> {
  using queue = await openQueue(context, { create: false });
  const jobs = await queue.list({
    limit,
    ...(state === undefined ? {} : { state }),
    ...(reason === undefined ? {} : { reason }),
    ...(after === undefined ? {} : { afterId: after }),
  });
  const { stdout } = context;
  await stdout.write(format === "json" ? jsonLine(jobs.map(summaryJson)) : jobsTable(jobs, stdout.columns));
  return EXIT.done;
}

function summaryJson(job: JobSummary): Record<string, unknown> {
  return {
    job_id: job.jobId,
    artifact_id: job.artifactId,
    state: job.state,
    reason: job.reason,
    attempts: job.attempts,
    route: job.route,
    due_at: isoTimeOrNull(job.dueAt),
  };
}

function jobsTable(jobs: readonly JobSummary[], maxColumns: number | null): string {
  if (jobs.length === 0) return "No jobs.\n";
  const columns = [
    { title: "JOB", align: "right" as const },
    { title: "ARTIFACT" },
    { title: "STATE" },
    { title: "REASON" },
    { title: "ATTEMPTS", align: "right" as const },
    { title: "NEXT STEP" },
    { title: "DUE" },
  ];
  const rows = jobs.map((job) => [
    String(job.jobId),
    job.artifactId,
    job.state,
    job.reason ?? "",
    String(job.attempts),
    job.state === "queued" ? job.route : "",
    job.state === "queued" && job.dueAt !== null ? isoTime(job.dueAt) : "",
  ]);
  return formatTable(columns, rows, maxColumns);
}
