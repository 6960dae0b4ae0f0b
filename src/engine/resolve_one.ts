/**
 * Asks one plugin about one work and downloads nothing: `plugins run`.
 *
 * @module
 */

import { InputError } from "../model/errors.ts";
import { GroupBook } from "../limits/mod.ts";
import type { PermitSource } from "../model/permit.ts";
import { SystemClock } from "../runtime/mod.ts";
import { createLogger, createMeter } from "../telemetry/mod.ts";
import { tellingWalls } from "../pipeline/mod.ts";
import type { OpenGuestHost } from "../plugins/mod.ts";
import { openNetwork } from "./network.ts";
import type { EngineCommand, EngineEvent, EngineStart } from "./protocol.ts";

/** How long limits are waited for, in all; a call of a plugin ends after a minute anyway. */
const PATIENCE_MS = 60_000;

/** Runs one resolver, under its limits, and reports what it answered. */
export async function resolveOne(
  start: EngineStart,
  { plugin, artifact }: Extract<EngineCommand, { type: "resolve" }>,
  openHost: OpenGuestHost,
  onEvent: (event: EngineEvent) => void,
): Promise<void> {
  const { config } = start;
  const clock = new SystemClock();
  const { log_level: level, log_format: format } = config.telemetry;
  const logger = createLogger({ level, format, clock });
  await using network = await openNetwork(start, {
    clock,
    logger,
    meter: createMeter(),
    configNow: () => config,
    openHost,
  });
  const { registry, groups } = network;
  const resolver = registry.resolvers.find(({ name }) => name === plugin);
  if (!resolver) {
    const info = registry.plugins.find(({ manifest }) => manifest.name === plugin);
    const why = info?.unusable ?? (info ? "it is disabled" : "there is no such plugin");
    throw new InputError(`Cannot run plugin "${plugin}": ${why}`);
  }
  const book = new GroupBook({ clock, limitsOf: groups.limitsOf, onNews: () => {} });
  // No database, so each request is its own exchange; and no other job, so what opens soon is waited for.
  const patientUntil = clock.now() + PATIENCE_MS;
  const permits: PermitSource = {
    async acquire(names) {
      for (;;) {
        book.settle();
        const granted = book.acquire(names);
        if (granted.type === "permit" || granted.until > patientUntil) return granted;
        const { promise, resolve } = Promise.withResolvers<void>();
        clock.setTimer(granted.until - clock.now(), resolve);
        await promise;
      }
    },
  };
  const { signal } = new AbortController();
  const answer = await resolver.resolve(
    artifact,
    signal,
    tellingWalls(network.fetchFor(resolver, permits, signal)),
  );
  const found = answer.type === "found" ? answer : null;
  onEvent({
    type: "resolved",
    candidates: found?.candidates ?? [],
    ids: found?.ids ?? {},
    verdict: found?.verdict ?? null,
    problem: answer.type === "failed"
      ? `${answer.reason}: ${answer.detail}`
      : answer.type === "closed"
      ? `its limit group "${answer.group}" is closed until ${new Date(answer.until).toISOString()}`
      : null,
  });
}
