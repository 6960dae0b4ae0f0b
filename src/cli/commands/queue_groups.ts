/**
 * `queue groups`.
 *
 * @module
 */

import { object, or } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command, constant } from "@optique/core/primitives";
import type { Action, CommandContext } from "../action.ts";
import { configurationOf } from "../configuration.ts";
import { EXIT } from "../exit_code.ts";
import { footer } from "../help.ts";
import { openQueue } from "../open_queue.ts";
import { jsonLine } from "../render/json.ts";
import { formatOption } from "../shared_options.ts";
import { queueGroupsSetCommand } from "./queue_groups_set.ts";

const options = object({ format: formatOption });

/** The grammar of `queue groups`. */
export const queueGroupsCommand = command(
  "groups",
  // An alternative of which every part may be left out is not chosen by leaving all out: hence the last one.
  or(queueGroupsSetCommand, map(options, list), map(constant("text"), (format) => list({ format }))),
  {
    usageLine: [
      { type: "literal", value: "[--format FORMAT]" },
      { type: "literal", value: "|" },
      { type: "literal", value: "set NAME" },
      { type: "ellipsis" },
    ],
    brief: message`List limit groups, and change their limits.`,
    description:
      message`Lists the limit groups that have been used, as the queue's processes last wrote them: when each opens and why it is closed, requests in flight of as many as there may be, the rates in force, the limits that were configured, that an operator set and that servers stated, what was used of the day's budget, and how often they refused. ×4 stands for four requests at a time, ~2.5/s for a pace that was found by trying. A narrow terminal is shown fewer columns; json has all.`,
    footer: footer([
      "contentdownload queue groups",
      "contentdownload queue groups --format json",
      "contentdownload queue groups set crossref --rate 5/s",
    ]),
  },
);

function list(args: InferValue<typeof options>): Action {
  return (context) => run(args, context);
}

async function run({ format }: InferValue<typeof options>, context: CommandContext): Promise<number> {
  using queue = await openQueue(context, { create: false });
  const [{ groupJson, groupsTable }, { readGroups }, { config }] = await Promise.all([
    import("../render/group.ts"),
    import("../groups/read_groups.ts"),
    configurationOf(context),
  ]);
  const groups = [...(await readGroups(queue, config, context.clock)).values()];
  const { stdout } = context;
  await stdout.write(
    format === "json"
      ? jsonLine(groups.map(groupJson))
      : groupsTable(groups, context.clock.now(), stdout.columns),
  );
  return EXIT.done;
}
