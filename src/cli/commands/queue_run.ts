/**
 * `queue run`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command, flag } from "@optique/core/primitives";
import type { Action, CommandContext } from "../action.ts";
import { footer, RUN_EXIT_CODES } from "../help.ts";
import { allowNetOption, formatOption, outOption, pluginsOption, workersOption } from "../shared_options.ts";

const options = object({
  drain: withDefault(
    flag("--drain", { description: message`End when nothing is left to do. Default: wait for more.` }),
    false,
  ),
  workers: workersOption,
  out: outOption,
  allowNet: allowNetOption,
  plugins: pluginsOption,
  format: formatOption,
});

/** The arguments of `queue run`. */
export type QueueRunArguments = InferValue<typeof options>;

/** The grammar of `queue run`. */
export const queueRunCommand = command(
  "run",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`Work on the queue.`,
    description:
      message`Resolves and downloads what is queued. It can be stopped and killed at any moment and started again: nothing is lost, and nothing is fetched twice. Several processes may run on one database. SIGHUP takes over limits that were changed in the configuration.`,
    footer: footer([
      "contentdownload queue run --drain",
      "contentdownload queue run --workers 16 --out /srv/papers",
      "contentdownload queue run --allow-net api.unpaywall.org,arxiv.org --drain",
    ], RUN_EXIT_CODES),
  },
);

async function run(args: QueueRunArguments, context: CommandContext): Promise<number> {
  const { runQueue } = await import("../progress/run_queue.ts");
  return await runQueue(args, context);
}
