/**
 * `queue pause`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map } from "@optique/core/modifiers";
import { command } from "@optique/core/primitives";
import type { Action, CommandContext } from "../action.ts";
import { EXIT } from "../exit_code.ts";
import { footer } from "../help.ts";
import { openQueue } from "../open_queue.ts";

/** The grammar of `queue pause`. */
export const queuePauseCommand = command("pause", map(object({}), (): Action => run), {
  brief: message`Stop giving out jobs.`,
  description:
    message`Stops leasing in every process that works on the queue, within a second and until it is resumed. What runs ends.`,
  footer: footer(["contentdownload queue pause"]),
});

async function run(context: CommandContext): Promise<number> {
  using queue = await openQueue(context, { create: false });
  await queue.pause();
  await context.stdout.write("The queue is paused\n");
  return EXIT.done;
}
