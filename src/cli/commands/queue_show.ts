/**
 * `queue show`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import { InputError } from "../../model/errors.ts";
import type { Action, CommandContext } from "../action.ts";
import { EXIT } from "../exit_code.ts";
import { footer } from "../help.ts";
import { openQueue } from "../open_queue.ts";
import { jsonLine } from "../render/json.ts";
import { formatOption } from "../shared_options.ts";

const options = object({
  id: argument(string({ metavar: "ID" }), {
    description: message`The work's identifier, or the job's number.`,
  }),
  format: formatOption,
});

/** The grammar of `queue show`. */
export const queueShowCommand = command(
  "show",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Show one job, and why it is not running.`,
    description:
      message`Shows all that is known of a job: its state, what it waits for and until when, who works on it, its attempts, what it has learned, its last error and its record.`,
    footer: footer([
      "contentdownload queue show doi:10.1371/journal.pone.0213978",
      "contentdownload queue show 17",
    ]),
  },
);

async function run({ id, format }: InferValue<typeof options>, context: CommandContext): Promise<number> {
  const { artifactIdOf } = await import("../../model/identifier.ts");
  using queue = await openQueue(context, { create: false });
  const key = /^\d+$/.test(id) ? Number(id) : artifactIdOf(id);
  const job = await queue.get(key);
  if (!job) {
    throw new InputError(
      `Cannot show job: ${typeof key === "number" ? `number ${key}` : `"${key}"`} is not in the queue`,
    );
  }
  const [{ jobFacts }, { jobJson, jobText }] = await Promise.all([
    import("../groups/job_facts.ts"),
    import("../render/job.ts"),
  ]);
  const facts = await jobFacts(job, queue, context);
  await context.stdout.write(format === "json" ? jsonLine(jobJson(facts)) : jobText(facts));
  return EXIT.done;
}
