import assert from "node:assert/strict";
import { createDnsCache } from "../../src/http/dns.ts";
import { ManualClock } from "../_support/manual_clock.ts";

Deno.test("createDnsCache() asks once while an answer is good, and keeps no failure", async () => {
  const clock = new ManualClock();
  const asked: string[] = [];
  const lookup = createDnsCache({
    clock,
    ttlMs: 1000,
    lookup: (host) => {
      asked.push(host);
      return asked.length === 1 ? Promise.reject(new Error("no answer")) : Promise.resolve(["192.0.2.1"]);
    },
  });
  await assert.rejects(lookup("a.example"), { message: "no answer" });
  assert.deepEqual(await Promise.all([lookup("a.example"), lookup("a.example")]), [["192.0.2.1"], [
    "192.0.2.1",
  ]]);
  await clock.advance(999);
  await lookup("a.example");
  assert.equal(asked.length, 2);
  await clock.advance(1);
  await lookup("a.example");
  assert.equal(asked.length, 3);
});

Deno.test("createDnsCache() keeps the newer answer although an older question fails after it", async () => {
  const clock = new ManualClock();
  const first = Promise.withResolvers<readonly string[]>();
  let asked = 0;
  const lookup = createDnsCache({
    clock,
    ttlMs: 1000,
    lookup: () => asked++ === 0 ? first.promise : Promise.resolve(["192.0.2.1"]),
  });
  const old = lookup("a.example");
  await clock.advance(1000);
  await lookup("a.example");
  first.reject(new Error("too late"));
  await assert.rejects(old, { message: "too late" });
  await lookup("a.example");
  assert.equal(asked, 2);
});

Deno.test("createDnsCache() keeps the names that were asked for last", async () => {
  const clock = new ManualClock();
  const asked: string[] = [];
  const lookup = createDnsCache({
    clock,
    ttlMs: 1000,
    maxEntries: 2,
    lookup: (host) => (asked.push(host), Promise.resolve(["192.0.2.1"])),
  });
  await lookup("a.example");
  await clock.advance(500);
  await lookup("b.example");
  await clock.advance(500);
  // The answer about the first is old and is asked for anew, so the second is the oldest now.
  await lookup("a.example");
  await lookup("c.example");
  asked.length = 0;
  for (const host of ["a.example", "c.example", "b.example"]) await lookup(host);
  assert.deepEqual(asked, ["b.example"]);
});
