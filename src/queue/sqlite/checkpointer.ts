import type { DatabaseSync, StatementSync } from "node:sqlite";

/** How many pages of the write-ahead log wait for a checkpoint before one is made beside the writers. */
const DUE_PAGES = 1_000;

/** At this length (16 MiB) the next commit makes the checkpoint itself, so that the log begins anew. */
const LONGEST_LOG_PAGES = 4_000;

/**
 * Copies the write-ahead log into the database when it is another's turn to write.
 *
 * SQLite does it at the end of a commit, where all other writers wait: a fifth of the time that eight busy processes
 * have. Readers and writers need not wait for it, but a log that is written to meanwhile is never copied to its end, and
 * so never begun anew; that is left to a commit, which finds little to copy.
 */
export class Checkpointer {
  readonly #look: StatementSync;
  readonly #copy: StatementSync;

  /** @param database Of SQLite 3.51 or later: those before it would copy when they are asked how much there is to do. */
  constructor(database: DatabaseSync) {
    database.exec(`PRAGMA wal_autocheckpoint = ${LONGEST_LOG_PAGES}`);
    this.#look = database.prepare("PRAGMA wal_checkpoint(NOOP)");
    this.#copy = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  }

  /** Makes a checkpoint if one is due, as far as readers and other checkpoints let it. Never throws. */
  run(): void {
    try {
      const { log, checkpointed } = this.#look.get() ?? {};
      if (Number(log) - Number(checkpointed) >= DUE_PAGES) this.#copy.get();
    } catch {
      // All that was committed is in the log, and stays there. Whoever writes next says what is wrong with the disk.
    }
  }
}
