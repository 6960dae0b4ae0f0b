/**
 * `queue groups`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command } from "@optique/core/primitives";
import type { Action, CommandContext } from "../action.ts";
import { EXIT } from "../exit_code.ts";
import { footer } from "../help.ts";
import { openQueue } from "../open_queue.ts";
import { jsonLine } from "../render/json.ts";
import { formatOption } from "../shared_options.ts";

const options = object({ format: formatOption });

/** The grammar of `queue groups`. */
export const queueGroupsCommand = command(
  "groups",
  map(options, (args): Action => (context) => run(args, context)),
  {
    brief: message`List limit groups.`,
    description:
      message`Lists the limit groups that have been used, as the queue's processes last wrote them: when they open, the rates in force, what their servers stated, what was found by trying, and how often they refused.`,
    footer: footer(["contentdownload queue groups", "contentdownload queue groups --format json"]),
  },
);

async function run({ format }: InferValue<typeof options>, context: CommandContext): Promise<number> {
  using queue = await openQueue(context, { create: false });
  const { groupJson, groupsTable, readGroups } = await import("../render/group_state.ts");
  const groups = [...readGroups(await queue.groups()).values()]
    .sort((one, other) => one.name < other.name ? -1 : 1);
  const now = context.clock.now();
  const { stdout } = context;
  await stdout.write(
    format === "json"
      ? jsonLine(groups.map((group) => groupJson(group, now)))
      : groupsTable(groups, now, stdout.columns),
  );
  return EXIT.done;
}
