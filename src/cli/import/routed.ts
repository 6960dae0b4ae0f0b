/**
 * Where a job's way begins.
 *
 * @module
 */

import { hostKey } from "../../limits/mod.ts";
import type { NewJob } from "../../queue/mod.ts";

/** Names the first step of a URL, which is its host; works of other kinds begin at a resolver. */
export function routed(job: NewJob): NewJob {
  if (!job.artifactId.startsWith("url:")) return job;
  return { ...job, route: `host:${hostKey(job.artifactId.slice("url:".length))}` };
}
