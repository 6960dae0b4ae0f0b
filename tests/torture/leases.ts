import { DatabaseSync } from "node:sqlite";

/** A lease as the database has it. */
export interface LeaseRow {
  readonly artifactId: string;
  /** The worker id of the process that holds it. */
  readonly holder: string;
}

/** The leases that the database knows at this moment. */
export function readLeases(database: string): readonly LeaseRow[] {
  return read(database, "SELECT artifact_id, holder FROM jobs WHERE state = 1").map((row) => ({
    artifactId: String(row["artifact_id"]),
    holder: String(row["holder"]),
  }));
}

/** Whether anything is left to do. */
export function isDrained(database: string): boolean {
  return read(database, "SELECT id FROM jobs WHERE state IN (0, 1) LIMIT 1").length === 0;
}

/** What contradicts "each job ended once": rows without a record, records without a row, or several for one. */
export function faultsOfRows(database: string): readonly string[] {
  return read(
    database,
    `SELECT artifact_id AS id, state, lease_epoch AS epoch, holder, count(records.job_id) AS records
     FROM jobs LEFT JOIN records ON records.job_id = jobs.id GROUP BY jobs.id
     HAVING state NOT IN (2, 3, 4) OR records <> 1 OR holder IS NOT NULL OR epoch < 1
     UNION ALL
     SELECT 'job ' || job_id, -1, -1, NULL, 1 FROM records WHERE job_id NOT IN (SELECT id FROM jobs)`,
  ).map((row) => `row is not that of a finished job: ${JSON.stringify(row)}`);
}

/**
 * The worker id under which a process works: it holds the lock file of that name. `null` until it has one, and where
 * the system has no `/proc`.
 */
export function workerOf(pid: number): string | null {
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      const [, worker] = /-worker-([^/]+)\.lock$/.exec(linkOf(`/proc/${pid}/fd/${name}`)) ?? [];
      if (worker !== undefined) return worker;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return null;
}

/** Whether a process is stopped by a signal; where the system has no `/proc` it is taken to be. */
export function isStopped(pid: number): boolean {
  try {
    // The state follows the name, which stands in parentheses and may hold some itself: proc_pid_stat(5).
    return /\) T /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return true;
  }
}

function linkOf(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    // Closed meanwhile.
    return "";
  }
}

/** Whether nobody is in the middle of a transaction. */
export function isWritable(path: string): boolean {
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA busy_timeout = 200; BEGIN IMMEDIATE; ROLLBACK");
    return true;
  } catch {
    return false;
  } finally {
    database.close();
  }
}

/** Whether nobody holds a lock that keeps others from reading. */
export function isReadable(path: string): boolean {
  try {
    read(path, "SELECT 1 FROM jobs LIMIT 1", 200);
    return true;
  } catch (error) {
    if (error instanceof Error && /is locked/.test(error.message)) return false;
    throw error;
  }
}

function read(path: string, sql: string, waitMs = 60_000): readonly Record<string, unknown>[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    // A process that is stopped for longer than its lease may hold the lock of a recovery.
    database.exec(`PRAGMA busy_timeout = ${waitMs}`);
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}
