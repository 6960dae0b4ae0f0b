/**
 * How an import goes on.
 *
 * @module
 */

import type { CommandContext } from "../action.ts";
import { formatCount, plural } from "../render/units.ts";
import type { ImportSummary } from "./import_list.ts";

/** The count is renewed this often. */
const REDRAW_MS = 200;

/** A count that renews itself on a terminal; silent elsewhere. */
export class ImportProgress implements Disposable {
  readonly #context: CommandContext;
  readonly #startedAt: number;
  readonly #active: boolean;
  #drawnAt = -Infinity;
  #drawn = false;

  constructor(context: CommandContext) {
    this.#context = context;
    this.#startedAt = context.clock.now();
    this.#active = context.stderr.isTerminal && !context.global.quiet;
  }

  /** Shows what was taken so far. */
  show({ added, duplicates }: ImportSummary): void {
    const now = this.#context.clock.now();
    if (!this.#active || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#drawn = true;
    const taken = added + duplicates;
    const perSecond = Math.round(taken / Math.max(0.001, (now - this.#startedAt) / 1000));
    this.#write(`${plural(taken, "work")} read, ${formatCount(added)} added, ${formatCount(perSecond)}/s`);
  }

  /** Clears the line, so that something else can be written. */
  hide(): void {
    if (this.#drawn) this.#write("");
    this.#drawn = false;
  }

  /** Leaves nothing behind. */
  [Symbol.dispose](): void {
    this.hide();
  }

  #write(text: string): void {
    this.#context.stderr.write(`\r\x1b[K${text}`).catch(() => {});
  }
}
