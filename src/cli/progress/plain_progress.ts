/**
 * Progress as plain lines, for logs.
 *
 * @module
 */

import type { Clock } from "../../model/ports.ts";
import { formatBytes, formatCount, formatDuration } from "../render/units.ts";
import type { Sink } from "../sink.ts";
import { artifactLine } from "./artifact_line.ts";
import type { Finished, RunTally } from "./run_tally.ts";
import { waitingLine } from "./waiting_line.ts";

/** A line this often at most, while something happens. */
const LINE_MS = 5_000;

/** Options of {@linkcode PlainProgress}. */
export interface PlainProgressOptions {
  readonly stderr: Sink;
  readonly clock: Clock;
  readonly tally: RunTally;
  /** Whether each artifact that ended gets its line; otherwise there is a summary every few seconds. */
  readonly eachArtifact: boolean;
}

/** Writes lines. */
export class PlainProgress implements Disposable {
  readonly #options: PlainProgressOptions;
  #shownAt: number;
  #shown = "";
  #wait: string | null = null;
  #waitingUntil = -Infinity;

  constructor(options: PlainProgressOptions) {
    this.#options = options;
    this.#shownAt = options.tally.startedAt;
  }

  /** Something changed. */
  update(): void {
    const { clock, eachArtifact, tally } = this.#options;
    this.#sayWait();
    if (eachArtifact || clock.now() - this.#shownAt < LINE_MS) return;
    this.#shownAt = clock.now();
    const line = summaryLine(tally);
    // Hours may pass while every host is closed; the same line again would say nothing.
    if (line !== this.#shown) this.#write(line);
    this.#shown = line;
  }

  /** An artifact ended. */
  finished(artifact: Finished): void {
    if (this.#options.eachArtifact) this.#write(artifactLine(artifact));
  }

  /** Leaves nothing behind. */
  [Symbol.dispose](): void {}

  /** Says once for each wait that nothing goes on, so that a program that is patient is not taken for one that hangs. */
  #sayWait(): void {
    const { clock, tally } = this.#options;
    const now = clock.now();
    const line = waitingLine(tally, now);
    const isPaused = tally.stats?.paused ?? false;
    const until = isPaused ? now : tally.nextWorkAt ?? now;
    const isNews = line !== this.#wait && now >= this.#waitingUntil && (isPaused || until - now >= LINE_MS);
    if (line === null) this.#wait = null;
    if (line === null || !isNews) return;
    this.#wait = line;
    this.#waitingUntil = until;
    this.#write(line);
  }

  #write(line: string): void {
    this.#options.stderr.write(`${line}\n`).catch(() => {});
  }
}

/** The run in one line. */
export function summaryLine(tally: RunTally): string {
  const { outcomes, stats, perSecond, remainingMs, bytes } = tally;
  const parts = [
    `${formatCount(outcomes.done)} done`,
    `${formatCount(outcomes.skipped)} skipped`,
    `${formatCount(outcomes.error)} error`,
  ];
  if (stats) {
    parts.push(`${formatCount(stats.states.queued)} queued`);
    parts.push(`${formatCount(stats.states.in_progress)} in progress`);
  }
  parts.push(formatBytes(bytes), `${perSecond.toFixed(1)}/s`);
  if (remainingMs !== null) parts.push(`about ${formatDuration(Math.ceil(remainingMs / 1000) * 1000)} left`);
  return parts.join(", ");
}
