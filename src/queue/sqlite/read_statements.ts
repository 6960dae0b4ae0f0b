/**
 * Every statement that only reads, next to the index that serves it; tested as those of `statements.ts` are.
 *
 * @module
 */

const SUMMARY = `SELECT jobs.id, artifact_id, state, attempts, due_at, route, records.reason
  FROM jobs JOIN lanes ON lanes.id = jobs.lane LEFT JOIN records ON records.job_id = jobs.id`;

/** Jobs in the order of their ids; the rowid serves it. */
export const LIST = `${SUMMARY} WHERE jobs.id > ?1 ORDER BY jobs.id LIMIT ?2`;

/** Queued and done jobs are most of a queue at one time or another: the rowid is read through. */
export const LIST_COMMON = `${SUMMARY} WHERE jobs.id > ?1 AND state = ?3 ORDER BY jobs.id LIMIT ?2`;

/** Jobs in progress, by jobs_leased: a few hundred at most, so their sort is nothing. */
export const LIST_LEASED = `${SUMMARY} WHERE state = 1 AND jobs.id > ?1 ORDER BY +jobs.id LIMIT ?2`;

/** Skipped and failed jobs, by jobs_unlucky; SQLite takes it only where its condition is spelt out. */
export const LIST_SKIPPED =
  `${SUMMARY} WHERE state >= 3 AND state = 3 AND jobs.id > ?1 ORDER BY jobs.id LIMIT ?2`;
/** See {@linkcode LIST_SKIPPED}. */
export const LIST_FAILED =
  `${SUMMARY} WHERE state >= 3 AND state = 4 AND jobs.id > ?1 ORDER BY jobs.id LIMIT ?2`;

/** Finished jobs of one reason, by records_by_reason. */
export const LIST_BY_REASON = `${SUMMARY.replace("LEFT JOIN", "JOIN")}
  WHERE records.reason = ?3 AND records.job_id > ?1 AND state BETWEEN ?4 AND ?5 ORDER BY records.job_id LIMIT ?2`;

const FINISHED = `SELECT job_id, artifact_id, state, attempts, finished_at, record
  FROM records JOIN jobs ON jobs.id = records.job_id`;

/** Finished jobs in the order of their ids. */
export const FINISHED_PAGE = `${FINISHED} WHERE job_id > ?1 ORDER BY job_id LIMIT ?2`;

/** One finished job. */
export const FINISHED_ONE = `${FINISHED} WHERE job_id = ?1`;

/** When a job was enqueued: with the last batch that begins at it or before. */
export const ENQUEUED_AT =
  `SELECT enqueued_at FROM batches WHERE first_job_id <= ?1 ORDER BY first_job_id DESC LIMIT 1`;

const JOB =
  `SELECT jobs.id, artifact_id, state, attempts, due_at, lease_epoch, holder, lease_until, route, priority,
    sets.name AS set_name, records.reason, metadata, cursor, last_error
  FROM jobs JOIN lanes ON lanes.id = jobs.lane JOIN sets ON sets.id = lanes.set_id
    LEFT JOIN records ON records.job_id = jobs.id LEFT JOIN details ON details.job_id = jobs.id`;

/** One job by its number. */
export const JOB_BY_ID = `${JOB} WHERE jobs.id = ?1`;

/** One job by its artifact id. */
export const JOB_BY_ARTIFACT = `${JOB} WHERE artifact_id = ?1`;

/** Jobs by state: five rows. */
export const COUNTS = `SELECT state, n FROM counts`;

/** Finished jobs by reason: at most a row for each reason code. */
export const REASON_COUNTS = `SELECT reason, n FROM reason_counts WHERE n > 0 ORDER BY n DESC, reason`;
