/**
 * The grammar of the command line, as one typed value.
 *
 * @module
 */

import { object, or } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { command } from "@optique/core/primitives";
import { queueCheckCommand } from "./commands/queue_check.ts";
import { queueEnqueueCommand } from "./commands/queue_enqueue.ts";
import { queueImportCommand } from "./commands/queue_import.ts";
import { queueListCommand } from "./commands/queue_list.ts";
import { queuePauseCommand } from "./commands/queue_pause.ts";
import { queuePruneCommand } from "./commands/queue_prune.ts";
import { queueResumeCommand } from "./commands/queue_resume.ts";
import { queueRetryFailedCommand } from "./commands/queue_retry_failed.ts";
import { queueRunCommand } from "./commands/queue_run.ts";
import { queueStatsCommand } from "./commands/queue_stats.ts";
import { globalOptions } from "./global_options.ts";

const queueCommand = command(
  "queue",
  or(
    queueImportCommand,
    queueEnqueueCommand,
    queueRunCommand,
    queueStatsCommand,
    queueListCommand,
    queuePauseCommand,
    queueResumeCommand,
    queueRetryFailedCommand,
    queueCheckCommand,
    queuePruneCommand,
  ),
  {
    brief: message`Fill, run and look into the queue.`,
    usageLine: [{ type: "literal", value: "COMMAND" }, { type: "ellipsis" }],
  },
);

/** A command line: the global options, and the action that the rest stands for. */
export const commandLine = object({
  global: globalOptions,
  action: or(queueCommand),
}, { errors: { endOfInput: message`Expected a command` } });
