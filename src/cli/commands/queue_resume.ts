/**
 * `queue resume`.
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

/** The grammar of `queue resume`. */
export const queueResumeCommand = command("resume", map(object({}), (): Action => run), {
  brief: message`Go on after a pause.`,
  description: message`Lets a paused queue go on.`,
  footer: footer(["contentdownload queue resume"]),
});

async function run(context: CommandContext): Promise<number> {
  using queue = await openQueue(context, { create: false });
  await queue.resume();
  await context.stdout.write("The queue goes on\n");
  return EXIT.done;
}
