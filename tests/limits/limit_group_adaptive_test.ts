import { deepEqual, equal } from "node:assert/strict";
import {
  ADAPTIVE_DEFAULTS,
  type AdaptiveOptions,
  type AdaptiveState,
  freshState,
  type GroupLimits,
  initialAdaptiveState,
  LimitGroup,
} from "../../src/limits/mod.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";
import { answered, GENTLE, limits } from "./_groups.ts";

/** A group that knows of its host what `adaptive` says. */
function knowing(adaptive: Partial<AdaptiveState>, fields: Partial<GroupLimits> = {}) {
  const clock = new VirtualClock();
  const state = { ...freshState(), adaptive: { ...initialAdaptiveState(), ...adaptive } };
  const group = new LimitGroup("a", limits({ adaptive: GENTLE, ...fields }), clock, state);
  return { clock, group };
}

Deno.test("the concurrency in force is what is set or what adaptive control found, whichever is less", () => {
  equal(knowing({ concurrency: 3 }).group.concurrency, 3);
  equal(knowing({ concurrency: 3 }, { concurrency: 2 }).group.concurrency, 2);
});

Deno.test("a request that has not left yet keeps the next one waiting, though a slot is free", async () => {
  const { clock, group } = knowing({ concurrency: 4, intervalMs: 100 });
  group.take();
  group.setPending(1, clock.now());
  await clock.advance(5_000);
  const { count, until, why } = group.room(1);
  deepEqual([count, until > clock.now(), why], [0, true, "rate"]);
  group.depart(clock.now());
  group.setPending(0, clock.now());
  equal(group.room(1).until, clock.now() + 100);
  await clock.advance(100);
  equal(group.room(1).count, 1, "at once when the interval is over");
});

Deno.test("while the probe of a cool-down is under way nothing else starts, though a slot is free", () => {
  const { clock, group } = knowing({ concurrency: 4, refusals: 1 });
  group.take();
  const { count, until, why } = group.room(1);
  deepEqual([count, until > clock.now(), why], [0, true, "probe"]);
});

Deno.test("starts that are less than a beat of the pump apart leave together", () => {
  const at = (intervalMs: number) => knowing({ concurrency: 9, intervalMs }).group.room(0).count;
  deepEqual([at(1), at(2.4), at(1_000)], [5, 2, 1]);
});

/** The rate after 20 s of answers, as fast as is allowed. */
async function rateAfter(neededPerSecond: number, options: Partial<AdaptiveOptions>): Promise<number> {
  const clock = new VirtualClock();
  const adaptive = { start: "gentle", options: { ...ADAPTIVE_DEFAULTS, ...options } } as const;
  const group = new LimitGroup("a", limits({ adaptive }), clock);
  group.neededPerSecond = neededPerSecond;
  for (const end = clock.now() + 20_000; clock.now() < end; await clock.advanceTo(group.room(0).until)) {
    group.take();
    group.learn(answered(), clock.now());
  }
  return Math.round(1_000 / (group.state.adaptive?.intervalMs ?? 0));
}

Deno.test("adaptive control grows up to what is needed and to the group's own ceiling", async () => {
  equal(await rateAfter(Infinity, {}) > 8, true);
  equal(await rateAfter(3, {}), 3);
  equal(await rateAfter(Infinity, { ceilingPerSecond: 5 }), 5);
});
