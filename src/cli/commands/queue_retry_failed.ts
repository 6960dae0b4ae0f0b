/**
 * `queue retry-failed`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map, optional } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command, option } from "@optique/core/primitives";
import { integer } from "@optique/core/valueparser";
import type { Action, CommandContext } from "../action.ts";
import { EXIT } from "../exit_code.ts";
import { footer } from "../help.ts";
import { openQueue } from "../open_queue.ts";
import { jsonLine } from "../render/json.ts";
import { plural } from "../render/units.ts";
import { formatOption, reasonOption } from "../shared_options.ts";

const options = object({
  maxAttempts: optional(option("--max-attempts", integer({ min: 1, metavar: "N" }), {
    description: message`Only jobs that were tried fewer times than this. Default: all.`,
  })),
  reason: reasonOption,
  format: formatOption,
});

type Arguments = InferValue<typeof options>;

/** The grammar of `queue retry-failed`. */
export const queueRetryFailedCommand = command(
  "retry-failed",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Queue failed jobs again.`,
    description: message`Queues jobs that ended in error again, with their attempts counted from zero.`,
    footer: footer([
      "contentdownload queue retry-failed",
      "contentdownload queue retry-failed --reason http-5xx --max-attempts 3",
    ]),
  },
);

async function run({ maxAttempts, reason, format }: Arguments, context: CommandContext): Promise<number> {
  using queue = await openQueue(context, { create: false });
  const queued = await queue.retryFailed({
    ...(reason === undefined ? {} : { reason }),
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
  });
  await context.stdout.write(
    format === "json" ? jsonLine({ queued }) : `${plural(queued, "job")} queued again\n`,
  );
  return EXIT.done;
}
