/**
 * Changes the limits of a group in use.
 *
 * @module
 */

import { type OperatorLimits, parseGroupState, withOperatorLimits } from "../../limits/mod.ts";
import { parseRate } from "../../model/rate.ts";
import { InputError, messageOf } from "../../model/errors.ts";
import { loadPluginSources } from "../../plugins/mod.ts";
import type { CommandContext } from "../action.ts";
import { configurationOf } from "../configuration.ts";
import { EXIT } from "../exit_code.ts";
import { openQueue } from "../open_queue.ts";
import { limitsJson, limitsText } from "../render/group.ts";
import { jsonLine } from "../render/json.ts";
import { printable } from "../render/printable.ts";
import { statedBy } from "./group_facts.ts";
import { knownPlugins } from "./known_plugins.ts";
import { resolveGroupName } from "./resolve_group_name.ts";

/** What `queue groups set` was told. */
export interface GroupChange {
  /** The group as the operator named it. */
  readonly name: string;
  readonly concurrency: number | undefined;
  /** As `10/s`; empty leaves the rates as they are. */
  readonly rates: readonly string[];
  readonly dailyBudget: number | undefined;
  /** Takes back what was set before. */
  readonly reset: boolean;
  /** One more directory of plugins. */
  readonly plugins: string | undefined;
  readonly format: "text" | "json";
}

/** Sets what `args` give, or takes back what was set; gives the exit code. */
export async function setGroupLimits(args: GroupChange, context: CommandContext): Promise<number> {
  const given = limitsOf(args);
  const { config } = await configurationOf(context);
  const { sources } = await loadPluginSources([
    ...config.plugins.dirs,
    ...(args.plugins ? [args.plugins] : []),
  ]);
  using queue = await openQueue(context, { create: false });
  const used = new Set((await queue.groups()).map(({ name }) => name));
  const name = resolveGroupName(args.name, used, knownPlugins(sources, config.resolvers));

  let set: OperatorLimits | null = null;
  await queue.changeGroup(name, (row) => {
    const before = row === null ? null : parseGroupState(row).operator;
    set = args.reset ? null : { ...before, ...given };
    return withOperatorLimits(row, set);
  });

  const stated = set === null ? null : statedBy(set);
  const news = stated === null
    ? "the configured limits hold again"
    : `${limitsText(stated)}, set by the operator`;
  // A host cannot be told from a misspelt one but by this.
  const unused = used.has(name) ? "" : " (no process has worked with this group yet)";
  await context.stdout.write(
    args.format === "json"
      ? jsonLine({ name, operator: stated && limitsJson(stated), used: used.has(name) })
      : `${printable(name)}: ${news}${unused}\n`,
  );
  return EXIT.done;
}

function limitsOf({ concurrency, rates, dailyBudget, reset }: GroupChange): OperatorLimits {
  const given: OperatorLimits = {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(rates.length === 0 ? {} : { windows: rates.map(readRate) }),
    ...(dailyBudget === undefined ? {} : { dailyBudget }),
  };
  const none = Object.keys(given).length === 0;
  if (none && !reset) {
    throw new InputError("Cannot set limits: give --concurrency, --rate or --daily-budget, or --reset");
  }
  if (!none && reset) throw new InputError("Cannot set limits: give limits or --reset, not both");
  return given;
}

function readRate(text: string): ReturnType<typeof parseRate> {
  try {
    return parseRate(text);
  } catch (error) {
    throw new InputError(messageOf(error), { cause: error });
  }
}
