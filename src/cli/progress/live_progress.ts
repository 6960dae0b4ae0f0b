/**
 * Progress as a few lines on a terminal that renew themselves.
 *
 * @module
 */

import type { Clock } from "../../model/ports.ts";
import { printable } from "../render/printable.ts";
import { formatCount } from "../render/units.ts";
import type { Sink } from "../sink.ts";
import { artifactLine } from "./artifact_line.ts";
import { summaryLine } from "./plain_progress.ts";
import type { Finished, RunTally } from "./run_tally.ts";
import { waitingLine } from "./waiting_line.ts";

/** No more than ten times a second: more cannot be read, and a slow terminal would hold the run up. */
const REDRAW_MS = 100;

/** So long the engine may take until it works. */
const STARTING_MS = 2_000;

const BAR_COLUMNS = 24;
const LEAST_COLUMNS = 40;

/** Options of {@linkcode LiveProgress}. */
export interface LiveProgressOptions {
  readonly stderr: Sink;
  readonly clock: Clock;
  readonly tally: RunTally;
  readonly colors: boolean;
  /** Whether each artifact that ended leaves its line above the block. */
  readonly eachArtifact: boolean;
}

/**
 * Draws a block of lines and puts the cursor back to its beginning, in an empty line: what the engine logs meanwhile
 * is then written into that line, and the next drawing begins below it.
 */
export class LiveProgress implements Disposable {
  readonly #options: LiveProgressOptions;
  #drawnAt = -Infinity;
  #timer: Disposable | null = null;
  #above = "";

  constructor(options: LiveProgressOptions) {
    this.#options = options;
  }

  /** Something changed. */
  update(): void {
    if (this.#timer) return;
    const { clock } = this.#options;
    const waitMs = this.#drawnAt + REDRAW_MS - clock.now();
    if (waitMs <= 0) return this.#draw();
    this.#timer = clock.setTimer(waitMs, () => {
      this.#timer = null;
      this.#draw();
    });
  }

  /** An artifact ended. */
  finished(artifact: Finished): void {
    if (this.#options.eachArtifact) this.#above += `${artifactLine(artifact)}\n`;
    this.update();
  }

  /** Removes the block. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
    this.#write(`\r\x1b[J${this.#above}`);
    this.#above = "";
  }

  #draw(): void {
    this.#drawnAt = this.#options.clock.now();
    const width = Math.max(LEAST_COLUMNS, this.#options.stderr.columns ?? 80) - 1;
    const lines = this.#lines(width);
    const block = lines.map((line) => `\n${line}`).join("");
    this.#write(`\r\x1b[J${this.#above}${block}\r\x1b[${lines.length}A`);
    this.#above = "";
  }

  #lines(width: number): string[] {
    const { clock, tally } = this.#options;
    const summary = cut(summaryLine(tally), width);
    const bar = this.#bar();
    const working = tally.running.length > 0
      ? `working on ${tally.running.map(printable).join(", ")}`
      : waitingLine(tally, clock.now()) ?? (tally.elapsedMs < STARTING_MS ? "starting" : "waiting for works");
    return [...(bar === null ? [] : [bar]), summary, this.#dim(cut(working, width))];
  }

  #bar(): string | null {
    const { stats } = this.#options.tally;
    if (!stats || stats.total === 0) return null;
    const ended = stats.states.done + stats.states.skipped + stats.states.error;
    const share = ended / stats.total;
    const full = Math.floor(share * BAR_COLUMNS);
    const percent = `${Math.floor(share * 100)} %`.padStart(5);
    return `${"█".repeat(full)}${this.#dim("░".repeat(BAR_COLUMNS - full))} ${percent}  ` +
      `${formatCount(ended)} of ${formatCount(stats.total)}`;
  }

  #dim(text: string): string {
    return this.#options.colors ? `\x1b[2m${text}\x1b[22m` : text;
  }

  #write(text: string): void {
    // A terminal that went away does not end the run.
    this.#options.stderr.write(text).catch(() => {});
  }
}

function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length > width ? `${characters.slice(0, width - 1).join("")}…` : text;
}
