/**
 * `queue prune`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map, optional } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command, option } from "@optique/core/primitives";
import type { Action, CommandContext } from "../action.ts";
import { EXIT } from "../exit_code.ts";
import { footer } from "../help.ts";
import { openQueue } from "../open_queue.ts";
import { jsonLine } from "../render/json.ts";
import { formatBytes, plural } from "../render/units.ts";
import { duration, formatOption } from "../shared_options.ts";

const options = object({
  olderThan: optional(option("--older-than", duration(), {
    description:
      message`Forget jobs that ended longer ago than this, such as 30d, 12h or 90m. Default: forget none.`,
  })),
  format: formatOption,
});

type Arguments = InferValue<typeof options>;

/** The grammar of `queue prune`. */
export const queuePruneCommand = command(
  "prune",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Give free space of the database back.`,
    description:
      message`Gives free space of the database back to the file system, and forgets old finished jobs if asked to, with the limit groups that nobody asked since. Files on disk stay; a forgotten work that is imported again is found to be there.`,
    footer: footer(["contentdownload queue prune", "contentdownload queue prune --older-than 30d"]),
  },
);

async function run({ olderThan, format }: Arguments, context: CommandContext): Promise<number> {
  const { isIdleSince } = await import("../../limits/mod.ts");
  using queue = await openQueue(context, { create: false });
  const before = olderThan === undefined ? undefined : context.clock.now() - olderThan;
  const pruned = await queue.prune(
    before === undefined ? {} : { finishedBefore: before, isIdle: ({ state }) => isIdleSince(state, before) },
  );
  await context.stdout.write(
    format === "json"
      ? jsonLine(pruned)
      : `${plural(pruned.jobs, "job")} forgotten, ${formatBytes(pruned.bytes)} given back\n`,
  );
  return EXIT.done;
}
