/**
 * The grammar of the command line, as one typed value.
 *
 * @module
 */

import { object, or } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { command, type CommandOptions } from "@optique/core/primitives";
import { configCheckCommand } from "./commands/config_check.ts";
import { configInitCommand } from "./commands/config_init.ts";
import { configShowCommand } from "./commands/config_show.ts";
import { exportCommand } from "./commands/export.ts";
import { getCommand } from "./commands/get.ts";
import { pluginsCheckCommand } from "./commands/plugins_check.ts";
import { pluginsListCommand } from "./commands/plugins_list.ts";
import { pluginsNewCommand } from "./commands/plugins_new.ts";
import { pluginsRunCommand } from "./commands/plugins_run.ts";
import { queueCheckCommand } from "./commands/queue_check.ts";
import { queueEnqueueCommand } from "./commands/queue_enqueue.ts";
import { queueGroupsCommand } from "./commands/queue_groups.ts";
import { queueImportCommand } from "./commands/queue_import.ts";
import { queueListCommand } from "./commands/queue_list.ts";
import { queuePauseCommand } from "./commands/queue_pause.ts";
import { queuePruneCommand } from "./commands/queue_prune.ts";
import { queueResumeCommand } from "./commands/queue_resume.ts";
import { queueRetryFailedCommand } from "./commands/queue_retry_failed.ts";
import { queueRunCommand } from "./commands/queue_run.ts";
import { queueShowCommand } from "./commands/queue_show.ts";
import { queueStatsCommand } from "./commands/queue_stats.ts";
import { globalOptions } from "./global_options.ts";

const usageLine: CommandOptions["usageLine"] = [{ type: "literal", value: "COMMAND" }, { type: "ellipsis" }];

const queueCommand = command(
  "queue",
  or(
    queueImportCommand,
    queueEnqueueCommand,
    queueRunCommand,
    queueStatsCommand,
    queueListCommand,
    queueShowCommand,
    queueGroupsCommand,
    queuePauseCommand,
    queueResumeCommand,
    queueRetryFailedCommand,
    queueCheckCommand,
    queuePruneCommand,
  ),
  {
    brief: message`Fill, run and look into the queue.`,
    usageLine,
  },
);

const pluginsCommand = command(
  "plugins",
  or(pluginsListCommand, pluginsCheckCommand, pluginsNewCommand, pluginsRunCommand),
  {
    brief: message`List, check, write and try resolver plugins.`,
    usageLine,
  },
);

const configCommand = command("config", or(configInitCommand, configShowCommand, configCheckCommand), {
  brief: message`Write, show and check the configuration.`,
  usageLine,
});

/** A command line: the global options, and the action that the rest stands for. */
export const commandLine = object({
  global: globalOptions,
  action: or(getCommand, queueCommand, exportCommand, pluginsCommand, configCommand),
}, { errors: { endOfInput: message`Expected a command` } });
