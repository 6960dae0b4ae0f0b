/**
 * Checking a queue's file and giving its free space back.
 *
 * @module
 */

import type { CheckReport, PruneOptions } from "../port.ts";
import type { Connection } from "./connection.ts";
import type { Mirror } from "./mirror.ts";
import { integer, text } from "./row.ts";
import * as sql from "./statements.ts";
import type { Write } from "./write.ts";

/** Free pages given back in one transaction: about 4 MiB. */
const PAGES_AT_A_TIME = 1000;

/** Each row is a counter that differs from a recount. */
const RECOUNTS: readonly string[] = [
  `SELECT 'state ' || state AS what, n AS kept, (SELECT count(*) FROM jobs WHERE jobs.state = counts.state) AS real
    FROM counts WHERE kept <> real`,
  `SELECT 'ready on ' || route AS what, ready AS kept,
      (SELECT count(*) FROM jobs WHERE lane = lanes.id AND state = 0 AND due_at = 0) AS real
    FROM lanes WHERE kept <> real`,
  `SELECT 'reason ' || reason AS what, n AS kept,
      (SELECT count(*) FROM records WHERE records.reason = reason_counts.reason) AS real
    FROM reason_counts WHERE kept <> real`,
  `SELECT 'records' AS what, (SELECT count(*) FROM records) AS kept,
      (SELECT count(*) FROM jobs WHERE state >= 2) AS real WHERE kept <> real`,
];

/** Lanes that no job is in, whatever its state. Reads all jobs. */
const DELETE_EMPTY_LANES = "DELETE FROM lanes WHERE ready = 0 AND id NOT IN (SELECT lane FROM jobs)";

/** Runs SQLite's integrity check and counts everything again. */
export function checkQueue(connection: Connection): CheckReport {
  const integrity = connection.statement("PRAGMA integrity_check(100)").all()
    .map((row) => text(row, "integrity_check"))
    .filter((line) => line !== "ok");
  const counters = RECOUNTS.flatMap((statement) =>
    connection.statement(statement).all().map((row) =>
      `${text(row, "what")}: kept ${integer(row, "kept")}, counted ${integer(row, "real")}`
    )
  );
  return { integrity, counters };
}

/**
 * Forgets finished jobs older than an instant, limit groups that nobody asks and, unless processes work on the queue, lanes
 * that no job is in; gives free pages back to the file system.
 */
export async function pruneQueue(
  connection: Connection,
  mirror: Mirror,
  options: PruneOptions & { readonly isBusy: boolean },
  inWrite: <T>(work: (write: Write) => T) => Promise<T>,
): Promise<{ jobs: number; bytes: number }> {
  let jobs = 0;
  const before = options.finishedBefore;
  for (let afterId = 0; before !== undefined;) {
    const last: number | null = await inWrite((write) => {
      const rows = connection.statement(sql.PRUNABLE).all(afterId, before);
      for (const row of rows) write.remove(integer(row, "id"), integer(row, "state"), text(row, "reason"));
      jobs += rows.length;
      const lastRow = rows.at(-1);
      return lastRow ? integer(lastRow, "id") : null;
    });
    if (last === null) break;
    afterId = last;
  }
  // It takes seconds where there are millions of jobs: lanes are no burden, and a run must not be held up for them.
  if (!options.isBusy) {
    await inWrite(() => {
      const { changes } = connection.statement(DELETE_EMPTY_LANES).run();
      if (changes === 0) return;
      connection.statement(sql.FORGET_MIRRORS).run();
      mirror.forget();
    });
  }
  const { isIdle } = options;
  const idle = isIdle ? connection.read(() => mirror.groupsSince(-1)).filter(isIdle) : [];
  await inWrite(() => {
    for (const { name, state } of idle) connection.statement(sql.DELETE_GROUP).run(name, state);
  });
  const pageSize = integer(connection.statement("PRAGMA page_size").get() ?? {}, "page_size");
  const free = () => integer(connection.statement("PRAGMA freelist_count").get() ?? {}, "freelist_count");
  const before0 = free();
  // A batch at a time, so that a run on the same file is not held up.
  for (let left = before0; left > 0;) {
    await inWrite(() => connection.statement(`PRAGMA incremental_vacuum(${PAGES_AT_A_TIME})`).all());
    const now = free();
    if (now >= left) break;
    left = now;
  }
  connection.statement("PRAGMA wal_checkpoint(TRUNCATE)").all();
  return { jobs, bytes: (before0 - free()) * pageSize };
}
