import { deepEqual, ok } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import * as reads from "../../../src/queue/sqlite/read_statements.ts";
import { MIGRATIONS } from "../../../src/queue/sqlite/schema.ts";
import * as writes from "../../../src/queue/sqlite/statements.ts";

/** Steps that would be refused, with the reason why each is right. */
const ALLOWED: Readonly<Record<string, { readonly step: string; readonly why: string }>> = {
  OTHER_HOLDERS: { step: "SCAN holders", why: "one row for each live process" },
  COUNTS: { step: "SCAN counts", why: "five rows, one for each state" },
  REASON_COUNTS: { step: "SCAN reason_counts", why: "at most one row for each reason code" },
  LIST_LEASED: { step: "USE TEMP B-TREE FOR ORDER BY", why: "only what is in progress is sorted" },
};
/** This partial index holds only what is in progress, a few hundred rows: it may be read from end to end. */
const IN_PROGRESS = /^SCAN jobs USING (COVERING )?INDEX jobs_leased$/;
/** The sort of the handful of reasons stands beside their scan. */
const REASONS_SORT = "USE TEMP B-TREE FOR ORDER BY";

function planOf(database: DatabaseSync, statement: string): string[] {
  return database.prepare(`EXPLAIN QUERY PLAN ${statement}`).all().map(({ detail }) => String(detail));
}

function isBad(step: string): boolean {
  if (IN_PROGRESS.test(step)) return false;
  return /^SCAN (?!CONSTANT ROW)/.test(step) || /USE TEMP B-TREE/.test(step) || /AUTOMATIC/.test(step);
}

Deno.test("every statement goes by an index, in its order", () => {
  using database = openEmpty();
  const bad: string[] = [];
  const used = new Set<string>();
  for (const [name, statement] of Object.entries({ ...writes, ...reads })) {
    const allowed = ALLOWED[name];
    for (const step of planOf(database.raw, statement).filter(isBad)) {
      if (allowed && (step.startsWith(allowed.step) || (name === "REASON_COUNTS" && step === REASONS_SORT))) {
        used.add(name);
      } else bad.push(`${name}: ${step}`);
    }
  }
  deepEqual(bad, []);
  deepEqual([...used].sort(), Object.keys(ALLOWED).sort(), "an exception that is not needed goes");
});

Deno.test("a statement without its index is refused", () => {
  using database = openEmpty();
  database.raw.exec("DROP INDEX jobs_ready");
  ok(planOf(database.raw, writes.READY_IN_LANE).some(isBad));
  ok(planOf(database.raw, "SELECT * FROM jobs WHERE attempts = 1").some(isBad));
  ok(planOf(database.raw, "SELECT * FROM jobs ORDER BY attempts").some(isBad));
});

Deno.test("claims read jobs_ready and nothing else of the jobs that wait", () => {
  using database = openEmpty();
  const steps = planOf(database.raw, writes.READY_IN_LANE);
  ok(
    steps.some((step) => /^SEARCH jobs USING (COVERING )?INDEX jobs_ready \(lane=\?\)$/.test(step)),
    steps.join("\n"),
  );
});

function openEmpty(): Disposable & { readonly raw: DatabaseSync } {
  const raw = new DatabaseSync(":memory:");
  for (const script of MIGRATIONS) raw.exec(script);
  return { raw, [Symbol.dispose]: () => raw.close() };
}
