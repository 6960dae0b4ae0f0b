/**
 * Gathers why a job runs or does not.
 *
 * @module
 */

import type { Config } from "../../config/mod.ts";
import { hostKey } from "../../limits/mod.ts";
import { InputError } from "../../model/errors.ts";
import { loadPluginSources, type PluginHosts } from "../../plugins/mod.ts";
import { freshKind, type JobDetails, type WorkQueue } from "../../queue/mod.ts";
import type { CommandContext } from "../action.ts";
import { configurationOf } from "../configuration.ts";
import type { JobFacts } from "../render/job.ts";
import type { GroupFacts } from "./group_facts.ts";
import { groupOfHost, knownPlugins } from "./known_plugins.ts";
import { readGroups } from "./read_groups.ts";

/** Reads all that is shown beside a job. */
export async function jobFacts(
  job: JobDetails,
  queue: WorkQueue,
  context: CommandContext,
): Promise<JobFacts> {
  const { config } = await configurationOf(context);
  const [groups, plugins, record, { paused }] = await Promise.all([
    readGroups(queue, config, context.clock),
    readPlugins(config),
    queue.record(job.jobId),
    queue.stats(),
  ]);
  const groupOfKey = (key: string) => groups.get(groupOfHost(key, plugins)) ?? null;
  return {
    job,
    groups: groupsOfRoute(job.route, groups, groupOfKey),
    groupOfUrl: (url) => URL.canParse(url) ? groupOfKey(hostKey(url)) : null,
    record,
    paused,
    maxAttempts: config.orchestrator.max_job_attempts,
    now: context.clock.now(),
  };
}

function groupsOfRoute(
  route: string,
  groups: ReadonlyMap<string, GroupFacts>,
  groupOfKey: (key: string) => GroupFacts | null,
): readonly GroupFacts[] {
  // Which resolvers come first only they themselves could say: all that have been asked before are shown.
  if (freshKind(route) !== null) return [...groups.values()].filter(({ name }) => !name.startsWith("host:"));
  // A step that needs several groups at once waits on a route of all their names.
  return route.split(" ").flatMap((name) =>
    (name.startsWith("host:") ? groupOfKey(name.slice("host:".length)) : groups.get(name)) ?? []
  );
}

/** A plugin directory that is gone is no reason to show nothing. */
async function readPlugins({ plugins, resolvers }: Config): Promise<readonly PluginHosts[]> {
  try {
    return knownPlugins((await loadPluginSources(plugins.dirs)).sources, resolvers);
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}
