import assert from "node:assert/strict";
import { createUrlPolicy } from "../../src/http/mod.ts";
import { ManualClock } from "../_support/manual_clock.ts";
import { open } from "./_web.ts";

Deno.test("get() gives up a lookup that never ends, before any permit", async () => {
  const clock = new ManualClock();
  const asked = Promise.withResolvers<void>();
  using web = open({
    clock,
    timeouts: { connectMs: 1000 },
    lookup: () => (asked.resolve(), new Promise(() => {})),
  });
  const pending = web.get("https://slow.example/");
  await asked.promise;
  await clock.advance(1000);
  const result = await pending;
  assert.ok(result.type === "failed" && result.reason === "timeout");
  assert.equal(web.permits.granted, 0);
});

Deno.test("a name is refused if it resolves to a private address, and asked for anew when the answer is old", async () => {
  const clock = new ManualClock();
  let lookups = 0;
  using web = open({
    clock,
    policy: createUrlPolicy({}),
    lookup: () => (lookups++, Promise.resolve(["93.184.215.14", "169.254.169.254"])),
  });
  for (let i = 0; i < 3; i++) {
    const result = await web.get("http://innocent.example/");
    assert.ok(result.type === "refused" && result.reason === "private-address");
    assert.match(result.detail, /169\.254\.169\.254 \(link-local\)/);
  }
  assert.equal(lookups, 1);
  await clock.advance(30_000);
  await web.get("http://innocent.example/");
  assert.equal(lookups, 2);
  assert.equal(web.permits.granted, 0);
});

Deno.test("localhost is loopback even if no resolver knows it", async () => {
  using web = open({ policy: createUrlPolicy({}), lookup: () => Promise.reject(new Error("ENOTFOUND")) });
  for (const host of ["localhost", "localhost.", "a.localhost"]) {
    const result = await web.get(`http://${host}:1234/`);
    assert.ok(result.type === "refused" && result.reason === "private-address", host);
  }
});
