/**
 * Every hot statement, next to the index that serves it. A test runs EXPLAIN QUERY PLAN on each of them and fails
 * on a scan without an index or a temporary b-tree.
 *
 * @module
 */

/** The write counter; `lanes`, `limit_groups` and `holders` carry it so that other processes see what changed. */
export const NEXT_SEQ = `UPDATE meta SET value = value + 1 WHERE key = 'seq' RETURNING value`;

/** Reads a value of `meta`. */
export const META = `SELECT value FROM meta WHERE key = ?1`;

/** Idempotent by the unique index on artifact_id; `changes` tells whether it was new. */
export const INSERT_JOB = `INSERT INTO jobs (artifact_id, state, lane, due_at, attempts, lapses, lease_epoch)
  VALUES (?1, 0, ?2, 0, 0, 0, 0) ON CONFLICT (artifact_id) DO NOTHING`;

/** When the jobs from this one on were enqueued. */
export const INSERT_BATCH = `INSERT INTO batches (first_job_id, enqueued_at) VALUES (?1, ?2)
  ON CONFLICT (first_job_id) DO NOTHING`;

/**
 * The oldest ready jobs of a lane. jobs_ready holds (lane, rowid), so this is a range read of exactly the rows taken:
 * its cost does not depend on how many wait.
 */
export const READY_IN_LANE = `SELECT id, artifact_id, attempts, lease_epoch, job_id, metadata, cursor
  FROM jobs LEFT JOIN details ON job_id = id
  WHERE state = 0 AND due_at = 0 AND lane = ?1 ORDER BY id LIMIT ?2`;

/**
 * Leases a job that the same transaction found ready. (One UPDATE … WHERE id IN (SELECT …) RETURNING did the work of
 * both: 98 µs for one job and 4.5 for each further one, where the two take 19 and 4.)
 */
export const LEASE_JOB = `UPDATE jobs
  SET state = 1, holder = ?2, lease_until = ?3, lease_epoch = lease_epoch + 1 WHERE id = ?1`;

/** Fenced: ends a job. */
export const FINISH_JOB = `UPDATE jobs
  SET state = ?3, attempts = attempts + 1, holder = NULL, lease_until = NULL
  WHERE id = ?1 AND lease_epoch = ?2 AND state = 1`;

/** Fenced: gives a job back to the queue. */
export const REQUEUE_JOB = `UPDATE jobs
  SET state = 0, lane = ?3, due_at = ?4, attempts = attempts + ?5, holder = NULL, lease_until = NULL
  WHERE id = ?1 AND lease_epoch = ?2 AND state = 1`;

/** What REQUEUE_JOB builds upon. Not fenced itself: the write that follows in the same transaction is. */
export const LANE_OF_JOB = `SELECT lane, attempts,
    EXISTS (SELECT 1 FROM details WHERE job_id = id) AS detailed
  FROM jobs WHERE id = ?1`;

/** Keeps what a job learned; metadata stays. */
export const SAVE_DETAILS = `INSERT INTO details (job_id, cursor, last_error) VALUES (?1, ?2, ?3)
  ON CONFLICT (job_id) DO UPDATE SET cursor = ?2, last_error = coalesce(?3, last_error)`;

/** Keeps what the operator gave with a job. */
export const SAVE_METADATA = `INSERT INTO details (job_id, metadata) VALUES (?1, ?2)`;

/** Writes a finished job's record. */
export const SAVE_RECORD = `INSERT INTO records (job_id, reason, finished_at, record) VALUES (?1, ?2, ?3, ?4)
  ON CONFLICT (job_id) DO UPDATE SET reason = ?2, finished_at = ?3, record = ?4`;

/**
 * Extends all leases of a worker. A worker id is of one process and never used again. jobs_leased holds only what is
 * in progress, a few hundred rows, so an index of its own for the holder would cost more at each lease than it saves.
 */
export const HEARTBEAT = `UPDATE jobs SET lease_until = ?2 WHERE id IN (
    SELECT id FROM jobs INDEXED BY jobs_leased WHERE state = 1 AND holder = ?1
  ) RETURNING id, lease_epoch`;

/** The leases of a worker that is known to be dead. */
export const HELD_BY = `SELECT id, lane, lease_epoch, lapses FROM jobs INDEXED BY jobs_leased
  WHERE state = 1 AND holder = ?1`;

/** Leases that have lapsed, by jobs_leased, a bounded number at a time. */
export const LAPSED = `SELECT id, lane, lease_epoch, lapses FROM jobs INDEXED BY jobs_leased
  WHERE state = 1 AND lease_until <= ?1 ORDER BY lease_until LIMIT 500`;

/** Takes a lease back that the same transaction found lapsed or orphaned, so it needs no fence. */
export const RECLAIM = `UPDATE jobs
  SET state = 0, lapses = lapses + 1, holder = NULL, lease_until = NULL WHERE id = ?1`;

/** Scheduled jobs that fell due, by jobs_scheduled, a bounded number at a time. */
export const PROMOTE = `UPDATE jobs SET due_at = 0 WHERE id IN (
    SELECT id FROM jobs INDEXED BY jobs_scheduled WHERE state = 0 AND due_at > 0 AND due_at <= ?1
    ORDER BY due_at LIMIT 500
  ) RETURNING lane`;

/** The next scheduled job, by jobs_scheduled. */
export const NEXT_SCHEDULED = `SELECT due_at AS at FROM jobs INDEXED BY jobs_scheduled
  WHERE state = 0 AND due_at > 0 ORDER BY due_at LIMIT 1`;

/** The next lease to lapse, by jobs_leased. */
export const NEXT_LAPSE = `SELECT lease_until AS at FROM jobs INDEXED BY jobs_leased
  WHERE state = 1 ORDER BY lease_until LIMIT 1`;

/** A lane, made when it is first needed. */
export const INSERT_LANE = `INSERT INTO lanes (route, set_id, priority, ready, seq) VALUES (?1, ?2, ?3, 0, ?4)
  ON CONFLICT (route, set_id, priority) DO UPDATE SET seq = seq RETURNING id, route, set_id, priority, ready`;

/** Counts ready jobs. */
export const ADJUST_LANE = `UPDATE lanes SET ready = ready + ?2, seq = ?3 WHERE id = ?1`;

/** Lanes that others changed, by lanes_changed. */
export const CHANGED_LANES = `SELECT id, route, set_id, priority, ready FROM lanes WHERE seq > ?1`;

/** Counts jobs by state. */
export const ADJUST_COUNT = `UPDATE counts SET n = n + ?2 WHERE state = ?1`;

/** Counts finished jobs by reason. */
export const ADJUST_REASON = `INSERT INTO reason_counts (reason, n) VALUES (?1, ?2)
  ON CONFLICT (reason) DO UPDATE SET n = n + ?2`;

/** Writes a limit group. */
export const SAVE_GROUP = `INSERT INTO limit_groups (name, state, seq) VALUES (?1, ?2, ?3)
  ON CONFLICT (name) DO UPDATE SET state = ?2, seq = ?3`;

/** One limit group, by its name. */
export const GROUP = `SELECT state FROM limit_groups WHERE name = ?1`;

/** Limit groups that others changed, by limit_groups_changed. */
export const CHANGED_GROUPS = `SELECT name, state FROM limit_groups WHERE seq > ?1`;

/** Says what this process has in flight. */
export const SAVE_HOLDER =
  `INSERT INTO holders (worker_id, alive_until, in_flight, seq) VALUES (?1, ?2, ?3, ?4)
  ON CONFLICT (worker_id) DO UPDATE SET alive_until = ?2, in_flight = ?3, seq = ?4`;

/** Extends the life of this process's row. */
export const TOUCH_HOLDER = `UPDATE holders SET alive_until = ?2 WHERE worker_id = ?1`;

/** The other live processes: a handful of rows. */
export const OTHER_HOLDERS =
  `SELECT worker_id, in_flight FROM holders WHERE worker_id <> ?1 AND alive_until > ?2`;

/** Removes a process's row. */
export const DELETE_HOLDER = `DELETE FROM holders WHERE worker_id = ?1`;

/** A set, by its name. */
export const INSERT_SET = `INSERT INTO sets (name, created_at) VALUES (?1, ?2)
  ON CONFLICT (name) DO UPDATE SET name = name RETURNING id`;

/** Queues a job again that the same transaction found failed. */
export const REVIVE_JOB = `UPDATE jobs SET state = 0, lane = ?2, attempts = 0, lapses = 0 WHERE id = ?1`;

/** Failed jobs in the order of their ids, by jobs_unlucky; SQLite takes it only where its condition is spelt out. */
export const FAILED_JOBS = `SELECT jobs.id, artifact_id, lane, attempts, reason
  FROM jobs INDEXED BY jobs_unlucky JOIN records ON records.job_id = jobs.id
  WHERE state >= 3 AND state = 4 AND jobs.id > ?1 ORDER BY jobs.id LIMIT 500`;

/** Forgets a finished job's record. */
export const DELETE_RECORD = `DELETE FROM records WHERE job_id = ?1`;

/** Forgets what a job learned; what the operator gave stays. */
export const FORGET_CURSOR = `UPDATE details SET cursor = NULL, last_error = NULL WHERE job_id = ?1`;

/** Forgets all that a job carries. */
export const DELETE_DETAILS = `DELETE FROM details WHERE job_id = ?1`;

/** Forgets a job. */
export const DELETE_JOB = `DELETE FROM jobs WHERE id = ?1`;

/** Changes a value of `meta`. */
export const SET_META = `UPDATE meta SET value = ?2 WHERE key = ?1`;

/** Tells all mirrors of the lanes to begin anew: a row that is gone is not among those that changed. */
export const FORGET_MIRRORS = `INSERT INTO meta VALUES ('forgotten', 1)
  ON CONFLICT (key) DO UPDATE SET value = value + 1`;

/** Removes a limit group, unless somebody wrote it meanwhile. */
export const DELETE_GROUP = `DELETE FROM limit_groups WHERE name = ?1 AND state = ?2`;

/** Finished jobs that ended before an instant, in the order of their ids; a rare command reads the records through. */
export const PRUNABLE =
  `SELECT jobs.id, state, records.reason FROM records JOIN jobs ON jobs.id = records.job_id
  WHERE records.job_id > ?1 AND finished_at < ?2 ORDER BY records.job_id LIMIT 500`;
