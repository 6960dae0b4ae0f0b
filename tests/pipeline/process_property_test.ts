import assert from "node:assert/strict";
import fc from "fast-check";
import {
  closedUntil,
  failed,
  found,
  openRig,
  pdf,
  recordOf,
  type Resolver,
  startHost,
  status,
} from "./_rig.ts";
import type { ResolverAnswer } from "../../src/model/resolver.ts";

/** What a URL gives, and whether its host is open, from one lease to the next. */
type Fate = "ok" | "gone" | "broken" | "limited" | "closed";
/** What a resolver answers. */
type Word = "closed" | "closed-long" | "failed" | "lasting" | "found" | "silent" | "learned" | "throws";

const fates = fc.array(fc.constantFrom<Fate>("ok", "gone", "broken", "limited", "closed"), {
  minLength: 1,
  maxLength: 3,
});
const words = fc.array(
  fc.constantFrom<Word>("closed", "closed-long", "failed", "lasting", "found", "silent", "learned", "throws"),
  { minLength: 1, maxLength: 3 },
);
const worlds = fc.record({
  resolvers: fc.array(
    fc.record({
      words,
      tier: fc.nat(2),
      accepts: fc.constantFrom("doi", "arxiv", "url"),
      names: fc.subarray([0, 1, 2, 3]),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  hosts: fc.array(fates, { minLength: 4, maxLength: 4 }),
});

/** More leases than any world here can need: three attempts, a few holds in each. */
const MAX_LEASES = 60;

Deno.test("processArtifact() ends, and in one attempt hears each resolver's answer once and each URL's once", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      await using rig = await openRig();
      const settled: string[] = [];
      const fateOf = world.hosts.map((list) => [...list]);
      const next = <T>(list: T[]): T => list.length > 1 ? list.shift() as T : list[0] as T;
      await using host = startHost(
        Object.fromEntries(fateOf.map((_, index) => [`/${index}`, (request: Request) => {
          const fate = current[index];
          if (fate !== "limited") settled.push(`url ${index}`);
          return fate === "ok"
            ? pdf()(request)
            : fate === "limited"
            ? status(429, { "retry-after": "1" })(request)
            : status(fate === "broken" ? 500 : 404)(request);
        }])),
      );
      // A host is closed by its path here: its URL's group.
      let current: Fate[] = [];
      const resolvers = world.resolvers.map(({ words, tier, accepts, names }, index): Resolver => {
        const left = [...words];
        return {
          name: `r${index}`,
          tier,
          accepts: [accepts as "doi" | "arxiv" | "url"],
          group: `r${index}`,
          resolve(artifact): Promise<ResolverAnswer> {
            const word = next(left);
            const now = rig.clock.now();
            if (word === "closed") return Promise.resolve(closedUntil(now + 1_000));
            if (word === "closed-long") return Promise.resolve(closedUntil(now + 1_000_000));
            settled.push(
              `r${index} ${Object.values(artifact.ids).length === 1 ? artifact.ids.url ?? "" : ""}`,
            );
            const candidates = names.map((name) => ({
              url: `${host.url}/${name}`,
              kind: name === 3 ? "landing" as const : "pdf" as const,
            }));
            switch (word) {
              case "throws":
                return Promise.reject(new Error("as told"));
              case "failed":
                return Promise.resolve(failed());
              case "lasting":
                return Promise.resolve(failed("http-4xx"));
              case "silent":
                return Promise.resolve(found());
              case "learned":
                return Promise.resolve(found([], { ids: { arxiv: "1605.08386" } }));
              case "found":
                return Promise.resolve(found(candidates));
            }
          },
        };
      });
      let cursor: string | null = null;
      let attempts = 0;
      const inAttempt = () => {
        assert.deepEqual(settled, [...new Set(settled)], `attempt ${attempts}`);
        settled.length = 0;
      };
      for (let lease = 0; lease < MAX_LEASES; lease++) {
        current = fateOf.map((list) => next(list));
        rig.gates.closed.clear();
        if (current.includes("closed")) rig.gates.close(host.group, rig.clock.now() + 1_000);
        // Closed for one lease in a row at most: nothing is closed for ever.
        for (const list of fateOf) if (list.length === 1 && list[0] === "closed") list[0] = "gone";
        const end = await rig.run(resolvers, { cursor, attempts });
        await rig.clock.advance(2_000_000);
        if (end.type === "closed") {
          cursor = end.cursor;
          continue;
        }
        inAttempt();
        if (end.type === "finished" || attempts === 2) return void recordOf(end);
        assert.equal(end.type, "failed");
        assert.notEqual(recordOf(end).outcome, "done");
        cursor = end.cursor;
        attempts++;
      }
      // Resolvers whose last word is that they are closed keep a job waiting, and so does a host that limits for ever.
      const waits = world.resolvers.some(({ words }) => words.at(-1)?.startsWith("closed"));
      assert.ok(waits, "it did not end");
    }),
    { numRuns: 150 },
  );
});
