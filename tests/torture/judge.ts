import {
  coolDownBreaches,
  HOST_NAMES,
  type LittleWeb,
  littleWebConfig,
  maxInFlight,
  maxStartsInWindow,
  PUBLISHER_NAMES,
  type Work,
} from "../../fixtures/mod.ts";
import { faultsOf } from "../_support/stored.ts";
import type { Workspace } from "../_support/workspace.ts";
import { faultsOfRows } from "./leases.ts";
import type { Dealt } from "./torture.ts";

/** What is judged. */
export interface Case {
  readonly web: LittleWeb;
  readonly works: readonly Work[];
  readonly workspace: Workspace;
  /** All that was done to the processes. */
  readonly dealt: readonly Dealt[];
}

/** What was found. */
export interface Verdict {
  readonly refetches: number;
  readonly faults: readonly string[];
}

/**
 * A request that was on its way when the host asked for a pause, or an answer that had not been read yet when the
 * process was hit: on a busy machine both ends read in turns of some hundred milliseconds.
 */
const UNDER_WAY_MS = 500;

/** Judges a drained queue by its database, its files and the server's log. */
export async function judge(given: Case): Promise<Verdict> {
  const { works, workspace } = given;
  const faults = [...faultsOfRows(workspace.database)];
  const records = await workspace.records();
  faults.push(...await faultsOf(works, records, workspace.downloads));
  faults.push(...workspace.parts().map((part) => `left behind: .part/${part}`));

  const { queued, in_progress, total } = await workspace.stats();
  if (queued + in_progress > 0 || total !== works.length) {
    faults.push(`${queued} queued and ${in_progress} in progress of ${total}, enqueued were ${works.length}`);
  }
  const check = await workspace.run(["queue", "check"]);
  if (check.code !== 0) faults.push(`queue check: ${check.stdout}${check.stderr}`);
  const refetched = refetchesOf(given);
  return {
    refetches: refetched.count,
    faults: [...faults, ...refetched.faults, ...impoliteness(given)],
  };
}

/** Files that were delivered whole more than once; each must have been in flight when its process was hit. */
function refetchesOf({ web, works, dealt }: Case): { count: number; faults: readonly string[] } {
  const deliveries = new Map<string, number>();
  for (const { host, path, status, complete } of web.log.entries) {
    if (status !== 200 || !complete) continue;
    const key = `${host} ${path}`;
    deliveries.set(key, (deliveries.get(key) ?? 0) + 1);
  }
  const faults: string[] = [];
  let count = 0;
  for (const { artifactId, copies, expected, scenario } of works) {
    if (expected.file === null) continue;
    // Each copy by itself: a work whose first copy is no PDF has two answers on the way at one kill.
    const perCopy = copies.map(({ host, pdfPath }) =>
      Math.max(0, (deliveries.get(`${host} ${pdfPath}`) ?? 0) - 1)
    );
    const again = Math.max(0, ...perCopy);
    count += perCopy.reduce((sum, times) => sum + times, 0);
    const hits = dealt.filter(({ inFlight }) => inFlight.includes(artifactId)).length;
    if (again > hits) {
      faults.push(
        `${artifactId} (${scenario}): fetched again ${again} times, was in flight at ${hits} kills`,
      );
    }
  }
  return { count, faults };
}

function impoliteness({ web, workspace, dealt }: Case): readonly string[] {
  const faults: string[] = [];
  const perHost = Number(littleWebConfig(web.origins, workspace.directory)["orchestrator"]?.["max_per_host"]);
  for (const host of HOST_NAMES) {
    const requests = web.log.of(host);
    for (const { asked, came, earlyMs } of coolDownBreaches(requests, UNDER_WAY_MS)) {
      const endedAt = asked.endedAtMs ?? asked.atMs;
      // What a process had not committed when it was killed, nobody can know: its request may even have come later.
      const isUnknown = dealt.some(({ atMs }) =>
        atMs >= asked.atMs - UNDER_WAY_MS && atMs <= endedAt + UNDER_WAY_MS
      );
      if (isUnknown) continue;
      faults.push(
        `${host} was asked for ${came.path} ${
          earlyMs.toFixed(0)
        } ms before the end of the pause that it had ` +
          `asked for ${(came.atMs - endedAt).toFixed(0)} ms earlier`,
      );
    }
    const isPublisher = PUBLISHER_NAMES.some((name) => name === host);
    if (isPublisher && maxInFlight(requests) > perHost) {
      faults.push(`${host} had ${maxInFlight(requests)} requests at once, allowed are ${perHost}`);
    }
    if (maxStartsInWindow(requests, 1000) > 165) {
      faults.push(`${host} had ${maxStartsInWindow(requests, 1000)} requests in a second`);
    }
  }
  return faults;
}
