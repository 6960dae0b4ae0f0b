/**
 * `get`.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map, multiple } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import type { Action, CommandContext } from "../action.ts";
import { footer, RUN_EXIT_CODES } from "../help.ts";
import { allowNetOption, formatOption, outOption, pluginsOption, workersOption } from "../shared_options.ts";

const options = object({
  ids: multiple(
    argument(string({ metavar: "ID" }), {
      description: message`DOI, arXiv id, PMID, PMCID, OpenAlex id or URL of a work.`,
    }),
    { min: 1, errors: { tooFew: message`Expected at least one ID` } },
  ),
  out: outOption,
  workers: workersOption,
  allowNet: allowNetOption,
  plugins: pluginsOption,
  format: formatOption,
});

/** The arguments of `get`. */
export type GetArguments = InferValue<typeof options>;

/** The grammar of `get`. */
export const getCommand = command("get", map(options, (args): Action => (context) => run(args, context)), {
  brief: message`Download works now.`,
  description:
    message`Downloads works at once, beside the queue, and prints the path of each file. What is there already is not fetched again. Limits hold together with those of the queue, in its database, and from one command to the next.`,
  footer: footer([
    "contentdownload get 10.1371/journal.pone.0213978",
    "contentdownload get arXiv:2101.00001 PMC4234579 --out papers",
  ], RUN_EXIT_CODES),
});

async function run(args: GetArguments, context: CommandContext): Promise<number> {
  const { getWorks } = await import("../progress/get_works.ts");
  return await getWorks(args, context);
}
