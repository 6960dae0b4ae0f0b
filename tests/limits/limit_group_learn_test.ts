import { deepEqual, equal } from "node:assert/strict";
import { ADAPTIVE_DEFAULTS, type GroupLimits, LimitGroup } from "../../src/limits/mod.ts";
import type { Feedback } from "../../src/model/permit.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";
import { answered, GENTLE, limits } from "./_groups.ts";

const NOON = Date.UTC(2026, 0, 1, 12);

/** A group that has heard `feedback` on its only request. */
function after(feedback: Feedback, fields: Partial<GroupLimits> = {}): { group: LimitGroup; now: number } {
  const clock = new VirtualClock(NOON);
  const group = new LimitGroup("a", limits(fields), clock);
  group.take();
  group.learn(feedback, clock.now());
  return { group, now: clock.now() };
}

Deno.test("learn() of a time-out slows a host down, of other failures it does not", () => {
  const refusals = (reason: "timeout" | "connect-failed" | "tls-failed" | "unanswered") =>
    after({ type: "failed", reason }, { adaptive: GENTLE }).group.state.adaptive?.refusals;
  deepEqual(
    [refusals("timeout"), refusals("connect-failed"), refusals("tls-failed"), refusals("unanswered")],
    [1, 0, 0, 0],
  );
});

Deno.test("learn() takes an archived refusal for an answer of the archive", () => {
  const archived = answered(429, { "memento-datetime": "Thu, 01 Jan 2015 00:00:00 GMT" });
  equal(after(archived, { adaptive: GENTLE }).group.state.adaptive?.delivered, 1);
});

Deno.test("learn() closes a group whose budget is used up until it is filled up", () => {
  const headers = {
    "x-ratelimit-credits-used": "1",
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": "3600",
  };
  const { group, now } = after(answered(200, headers));
  deepEqual(group.room(0), { count: 0, until: now + 3_600_000, why: "cool-down" });
});

Deno.test("learn() closes a group that refuses until the reset it names, where it states no Retry-After", () => {
  for (const status of [429, 503]) {
    const headers = { "ratelimit-remaining": "0", "ratelimit-reset": "30" };
    const { group, now } = after(answered(status, headers));
    deepEqual(group.room(0), { count: 0, until: now + 30_000, why: "cool-down" }, `${status}`);
  }
  const { group, now } = after(answered(429, { "ratelimit-remaining": "0" }));
  equal(group.room(0).until, now + 1_000, "or for a second, where it names none");
});

Deno.test("learn() counts the refusals by rate, and no other answer", () => {
  const limited = (status: number, headers = {}) => after(answered(status, headers)).group.state.seen.limited;
  deepEqual([limited(200), limited(503), limited(429), limited(503, { "retry-after": "5" })], [0, 0, 1, 1]);
});

Deno.test("learn() adapts from a refusal by rate on, for a job that had failed before too", () => {
  const { group } = after(answered(429, {}, { isRetry: true }));
  equal(group.state.adaptive?.refusals, 1);
  equal(
    after(answered(503, {}, { isRetry: true })).group.state.adaptive,
    null,
    "from a bare 503 of such a job it does not",
  );
});

Deno.test("learn() of a refusal under a full start goes on at half of the least rate in force", () => {
  const perSecond = (fields: Partial<GroupLimits>) =>
    1_000 / (after(answered(429), fields).group.state.adaptive?.intervalMs ?? 0);
  const windows = [{ limit: 10, perMs: 1_000 }, { limit: 60, perMs: 60_000 }];
  equal(perSecond({ windows }), 0.5);
  equal(perSecond({}), 5, "of ten a second where none is known");
  const options = { ...ADAPTIVE_DEFAULTS, ceilingPerSecond: 4 };
  equal(perSecond({ adaptive: { start: "full", options } }), 2, "or of the ceiling if that is less");
});

Deno.test("learn() puts the rates that an answer tells of in force at once", async () => {
  const clock = new VirtualClock(NOON);
  const group = new LimitGroup("a", limits(), clock);
  const tell = () => group.learn(answered(200, { "ratelimit-policy": "200;w=1" }), clock.now());
  tell();
  await clock.advance(1_000);
  equal(group.room(0).count, 10);
  group.snapshot();
  for (let n = 0; n < 10; n++) group.take();
  tell();
  equal(group.room(0).count, 0, "told again, they give nothing away");
});

Deno.test("finish() tells adaptive control how long a slot was held", async () => {
  const clock = new VirtualClock();
  const group = new LimitGroup("a", limits({ adaptive: GENTLE }), clock);
  group.take();
  const startedAt = clock.now();
  await clock.advance(700);
  group.finish(startedAt);
  equal(group.state.adaptive?.heldMs, 700);
});
