import { equal, notEqual } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { MIGRATIONS } from "../../src/queue/sqlite/schema.ts";
import { mutate, MUTATIONS, testMutations } from "./fencing.ts";

const SOURCE = await Deno.readTextFile("src/queue/sqlite/statements.ts");

Deno.test("every clause of the mutation check is there, and what is left without it is still SQL", () => {
  const database = new DatabaseSync(":memory:");
  for (const script of MIGRATIONS) database.exec(script);
  for (const mutation of MUTATIONS) {
    const mutated = mutate(SOURCE, mutation);
    notEqual(mutated, SOURCE);
    const [, sql = ""] = new RegExp(`export const ${mutation.statement} =\\s*\`([^\`]*)\``).exec(mutated) ??
      [];
    // Otherwise the tests would go red for a reason that proves nothing.
    database.prepare(sql);
  }
  database.close();
});

Deno.test("the tests of the queue go red without the epoch in a fence", async () => {
  const fences = MUTATIONS.filter(({ clause }) => clause === " AND lease_epoch = ?2");
  equal(fences.length, 2);
  for await (const { statement, killed } of testMutations(fences)) equal(killed, true, statement);
});
