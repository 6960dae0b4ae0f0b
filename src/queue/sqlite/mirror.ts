import { LaneBook } from "../lane_book.ts";
import type { GroupRow } from "../exchange.ts";
import type { Connection } from "./connection.ts";
import { integer, text } from "./row.ts";
import * as sql from "./statements.ts";

/** What other processes wrote since the last look. */
export interface Foreign {
  /** Whether they wrote anything. */
  readonly changed: boolean;
  /** The limit groups that they changed. */
  readonly groups: readonly GroupRow[];
}

/**
 * The lanes of the database in memory, so that a claim reads none. Rows carry the number of the write that changed them
 * last: after another process's write, those with a later number than the mirror has seen are read.
 */
export class Mirror {
  readonly #connection: Connection;
  #lanes = new LaneBook();
  /** The greatest write number that was seen; -1 before the first load. */
  #seenSeq = -1;
  #dataVersion = -1;
  /** How often lanes had been removed when the file was read last. */
  #forgotten = 0;

  /** Reads nothing yet. */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The lanes, as they were when `catchUp` was called, with what was written through it since. */
  get lanes(): LaneBook {
    return this.#lanes;
  }

  /** Reads what other processes changed since the last write; one statement when nobody did. Inside a write. */
  catchUp(now: number): Foreign {
    const version = integer(this.#connection.statement("PRAGMA data_version").get() ?? {}, "data_version");
    if (version === this.#dataVersion) return { changed: false, groups: [] };
    const forgotten = this.#meta("forgotten");
    if (forgotten !== this.#forgotten) this.forget();
    this.#forgotten = forgotten;
    this.#dataVersion = version;
    const seen = this.#seenSeq;
    for (const row of this.#connection.statement(sql.CHANGED_LANES).all(seen)) {
      this.#lanes.put({
        id: integer(row, "id"),
        route: text(row, "route"),
        setId: integer(row, "set_id"),
        priority: integer(row, "priority"),
        ready: integer(row, "ready"),
      }, now);
    }
    const groups = this.groupsSince(seen);
    this.#seenSeq = this.#meta("seq");
    return { changed: true, groups };
  }

  /** The limit groups that were written after a number; all for -1. */
  groupsSince(seq: number): GroupRow[] {
    const rows = this.#connection.statement(sql.CHANGED_GROUPS).all(seq);
    return rows.map((row) => ({ name: text(row, "name"), state: text(row, "state") }));
  }

  /** Notes the number of this process's own write; `null` if it needed none. */
  wrote(seq: number | null): void {
    this.#seenSeq = seq ?? this.#seenSeq;
  }

  /** Forgets all: after a write that failed the lanes hold what was not written, and some may have been removed. */
  forget(): void {
    this.#lanes = new LaneBook();
    this.#seenSeq = -1;
    this.#dataVersion = -1;
  }

  #meta(key: string): number {
    const row = this.#connection.statement(sql.META).get(key);
    return row ? integer(row, "value") : 0;
  }
}
