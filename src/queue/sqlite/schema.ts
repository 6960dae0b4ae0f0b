/**
 * The schema of the queue's database, and the way from older versions to this one.
 *
 * @module
 */

/** Marks the file as ours (`PRAGMA application_id`): "cdlq". */
export const APPLICATION_ID = 0x63646c71;

/** The schema that this program reads and writes (`PRAGMA user_version`). */
export const SCHEMA_VERSION = 1;

/**
 * What turns an empty file into version 1.
 *
 * A queued job takes one row of `jobs`, one entry of its unique index and one of `jobs_ready`, together below
 * 100 bytes; all that only some jobs have stands in tables of its own.
 */
const VERSION_1 = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE sets (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

-- Where ready jobs wait; see lane_book.ts. 'ready' counts them; 'seq' is the write that touched the row last.
CREATE TABLE lanes (
  id INTEGER PRIMARY KEY,
  route TEXT NOT NULL,
  set_id INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  ready INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  UNIQUE (route, set_id, priority)
) STRICT;
CREATE INDEX lanes_changed ON lanes (seq);

-- AUTOINCREMENT: the id of a pruned job is never given again, or a stale lease could match a new job.
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  artifact_id TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,       -- 0 queued, 1 in_progress, 2 done, 3 skipped, 4 error
  lane INTEGER NOT NULL,
  due_at INTEGER NOT NULL,      -- 0: ready now
  attempts INTEGER NOT NULL,
  lapses INTEGER NOT NULL,      -- leases that were not settled by their holder
  lease_epoch INTEGER NOT NULL, -- only grows
  holder TEXT,                  -- worker id, while in progress
  lease_until INTEGER           -- while in progress
) STRICT;
CREATE INDEX jobs_ready ON jobs (lane) WHERE state = 0 AND due_at = 0;
CREATE INDEX jobs_scheduled ON jobs (due_at) WHERE state = 0 AND due_at > 0;
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 1;
CREATE INDEX jobs_unlucky ON jobs (state) WHERE state >= 3;

-- One row for each enqueue: the jobs from first_job_id on, up to the next row, came at that time.
CREATE TABLE batches (
  first_job_id INTEGER PRIMARY KEY,
  enqueued_at INTEGER NOT NULL
) STRICT;

-- What an unfinished job carries, where it carries anything.
CREATE TABLE details (
  job_id INTEGER PRIMARY KEY,
  metadata TEXT,
  cursor TEXT,
  last_error TEXT
) STRICT;

CREATE TABLE records (
  job_id INTEGER PRIMARY KEY,
  reason TEXT NOT NULL,
  finished_at INTEGER NOT NULL,
  record TEXT NOT NULL
) STRICT;
CREATE INDEX records_by_reason ON records (reason);

CREATE TABLE counts (state INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;
INSERT INTO counts VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0);
CREATE TABLE reason_counts (reason TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Limit groups and what each live process has in flight; the states are JSON of the limits' own.
CREATE TABLE limit_groups (
  name TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX limit_groups_changed ON limit_groups (seq);
CREATE TABLE holders (
  worker_id TEXT PRIMARY KEY,
  alive_until INTEGER NOT NULL,
  in_flight TEXT NOT NULL,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES ('paused', 0), ('seq', 0);
`;

/** Scripts in order: the one at index n leads from version n to version n + 1. */
export const MIGRATIONS: readonly string[] = [VERSION_1];
