/**
 * Removes each fencing clause of the queue's statements in turn, in a copy of the tree, and shows that the tests of
 * the queue go red for each.
 *
 * @module
 */

import { copy } from "./_copy.ts";

/** One clause of one statement, and what is put in its place. */
export interface Mutation {
  readonly statement: string;
  readonly clause: string;
  readonly replacement: string;
}

/** What became of a mutation. */
export interface Verdict extends Mutation {
  /** Whether the tests saw it. */
  readonly killed: boolean;
}

/** Every clause that keeps a job from someone who must not have it. */
export const MUTATIONS: readonly Mutation[] = [
  remove("FINISH_JOB", " AND lease_epoch = ?2", " AND ?2 IS NOT NULL"),
  remove("FINISH_JOB", " AND state = 1"),
  remove("FINISH_JOB", "id = ?1 AND ", "?1 IS NOT NULL AND "),
  remove("REQUEUE_JOB", " AND lease_epoch = ?2", " AND ?2 IS NOT NULL"),
  remove("REQUEUE_JOB", " AND state = 1"),
  remove("REQUEUE_JOB", "id = ?1 AND ", "?1 IS NOT NULL AND "),
  remove("READY_IN_LANE", "state = 0 AND "),
  remove("READY_IN_LANE", " AND due_at = 0"),
  remove("READY_IN_LANE", " AND lane = ?1", " AND ?1 IS NOT NULL"),
  remove("LEASE_JOB", " WHERE id = ?1", " WHERE ?1 IS NOT NULL"),
  remove("LEASE_JOB", ", lease_epoch = lease_epoch + 1"),
  remove("LEASE_JOB", ", lease_until = ?3", ", lease_until = ?3 - ?3"),
  remove("HEARTBEAT", " AND holder = ?1", " AND ?1 IS NOT NULL"),
  remove("HELD_BY", " AND holder = ?1", " AND ?1 IS NOT NULL"),
  remove("LAPSED", " AND lease_until <= ?1", " AND ?1 IS NOT NULL"),
  remove("RECLAIM", " WHERE id = ?1", " WHERE ?1 IS NOT NULL"),
  remove("PROMOTE", " AND due_at <= ?1", " AND ?1 IS NOT NULL"),
  remove("REVIVE_JOB", " WHERE id = ?1", " WHERE ?1 IS NOT NULL"),
  remove("FAILED_JOBS", " AND state = 4"),
  remove(
    "INSERT_JOB",
    " ON CONFLICT (artifact_id) DO NOTHING",
    " ON CONFLICT (artifact_id) DO UPDATE SET state = 0",
  ),
];

/** Carries out `mutations`, one after the other, and tells whether the tests saw them. */
export async function* testMutations(mutations: readonly Mutation[]): AsyncGenerator<Verdict> {
  const root = await Deno.makeTempDir({ prefix: "mutation-" });
  try {
    for (const path of ["deno.json", "deno.lock", "src", "tests/queue", "tests/conformance"]) {
      await copy(path, `${root}/${path}`);
    }
    const path = `${root}/src/queue/sqlite/statements.ts`;
    const source = await Deno.readTextFile(path);
    if (!await isGreen(root)) throw new Error("Cannot judge mutations: the tests fail without any");
    for (const mutation of mutations) {
      await Deno.writeTextFile(path, mutate(source, mutation));
      yield { ...mutation, killed: !await isGreen(root) };
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/**
 * The source with a clause taken out of one statement.
 *
 * @throws {RangeError} If the statement does not have the clause: the list above is out of date.
 */
export function mutate(source: string, { statement, clause, replacement }: Mutation): string {
  const start = source.indexOf(`export const ${statement} =`);
  const end = source.indexOf("`;", start);
  const text = source.slice(start, end);
  // Where a statement breaks its lines is of no account.
  const pattern = new RegExp(clause.split(/\s+/).map((word) => RegExp.escape(word)).join("\\s+"), "g");
  const at = [...text.matchAll(pattern)].at(-1);
  if (start < 0 || !at) throw new RangeError(`Cannot mutate ${statement}: "${clause}" is not in it`);
  const from = start + at.index;
  return source.slice(0, from) + replacement + source.slice(from + at[0].length);
}

function remove(statement: string, clause: string, replacement = ""): Mutation {
  return { statement, clause, replacement };
}

async function isGreen(root: string): Promise<boolean> {
  const args = [
    "test",
    "-A",
    "--no-check",
    "--fail-fast",
    "--quiet",
    "tests/queue/sqlite/sqlite_work_queue_test.ts",
  ];
  const command = new Deno.Command(Deno.execPath(), { args, cwd: root, stdout: "null", stderr: "null" });
  return (await command.output()).success;
}

if (import.meta.main) {
  let survived = 0;
  for await (const { statement, clause, killed } of testMutations(MUTATIONS)) {
    console.log(`${killed ? "red     " : "SURVIVED"}  ${statement.padEnd(12)}  ${clause.trim()}`);
    if (!killed) survived++;
  }
  console.log(`${MUTATIONS.length - survived} of ${MUTATIONS.length} clauses are missed when they are gone`);
  Deno.exit(survived === 0 ? 0 : 1);
}
