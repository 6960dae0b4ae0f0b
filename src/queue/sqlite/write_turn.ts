/**
 * Whose turn it is to write, among processes that want to at the same time.
 *
 * SQLite has no line: whoever asks at the right moment gets the lock, and a process that commits and asks again at
 * once shuts out those that sleep between two tries. So a writer holds an `flock` on a file beside the database, the
 * *turn*, and whoever waits for it holds another, the *head of the line*: the kernel wakes one process when the turn is
 * free, and who has just had it comes behind that one. Eight processes that claim 8 jobs at a time without a pause, on
 * two cores: without a line, the luckiest is four times as fast as the unluckiest and p99.9 of a claim is 440 ms; with it
 * they make 0.75 to 0.89 of the claims of one process (median 0.84), p99.9 40 to 44 ms, shares within a fifth.
 *
 * The turn is a courtesy; SQLite's lock alone protects the database. So whoever waits too long goes without.
 *
 * @module
 */

// The kernel's locks move in real time, whatever the clock says: under a clock that is moved by hand nobody else would
// ever have the turn.
// deno-lint-ignore contentdownload/no-ambient
import { clearImmediate, setImmediate } from "node:timers";
// deno-lint-ignore contentdownload/no-ambient
import { setTimeout } from "node:timers/promises";
import type { Clock } from "../../model/ports.ts";

/**
 * How long a process may write again and again before it stands in line: a switch costs the wake of another process, and
 * pages of the database that it has to read anew.
 */
const SLICE_MS = 4;

/** A write that follows another this soon is one of many. */
const STREAK_MS = 1;

/**
 * What share of its last wait a process rests before it waits again, as it had to wait anyway: the fewer stand in line, the
 * sooner whoever has waited longest is first.
 */
const REST = 0.7;

/** The platform's timers do not rest for less. */
const LEAST_REST_MS = 2;

/** A long wait was for somebody who had been stopped, and is no measure. */
const MOST_REST_MS = 50;

/** The longest wait for a turn: whoever has it may have been stopped. */
const TURN_WITHIN_MS = 250;

/**
 * A process's place in the line.
 *
 * *Without* the turn until `take`; *writing* until the turn is disposed of. Then the turn is passed on, unless this write
 * is one of many: then it is *kept*, within the slice, until the thread has nothing else to do, which is when the next
 * write would have come. (Passed on after each write it was another's by the time that the next write came, and eight
 * processes made 0.54 of the claims of one.)
 */
export class WriteTurn implements Disposable {
  readonly #path: string | null;
  readonly #clock: Clock;
  readonly #passed: () => void;
  #files: TurnFiles | null = null;
  /** When it stood in line last, or began to write after a rest. */
  #sliceAt = -Infinity;
  /** When the last write ended. */
  #wroteAt = -Infinity;
  /** Whether the present write followed another at once. */
  #isStreak = false;
  /** Passes the kept turn on; `null` while none is kept. */
  #keeping: Disposable | null = null;
  /** Whether the kernel still owes a lock that nobody waits for any more. */
  #owed = false;
  /** From when it wanted to write until it had the turn, the last time that it stood in line. */
  #waitedMs = 0;

  /**
   * @param database Path of the database; `null` for no line.
   * @param passed Called when the turn was passed on, outside of any write.
   */
  constructor(database: string | null, clock: Clock, passed: () => void = () => {}) {
    this.#path = database === ":memory:" ? null : database;
    this.#clock = clock;
    this.#passed = passed;
  }

  /** Waits for the turn; its disposal ends the write. Gives `null` if there is no line or no end of waiting. */
  async take(): Promise<Disposable | null> {
    const files = this.#open();
    // Deno before 2.9 has no tryLockSync, and a SQLite that is refused for several processes.
    if (!files || this.#owed || !("tryLockSync" in files.turn)) return null;
    const turn = { [Symbol.dispose]: () => this.#end(files.turn) };
    const now = this.#clock.now();
    const restedMs = now - this.#wroteAt;
    this.#isStreak = restedMs <= STREAK_MS;
    if (restedMs > SLICE_MS) this.#sliceAt = now;
    const isKept = this.#keeping !== null;
    this.#keeping?.[Symbol.dispose]();
    this.#keeping = null;
    if (now - this.#sliceAt <= SLICE_MS && (isKept || files.turn.tryLockSync(true))) return turn;
    if (isKept) this.#pass(files.turn);
    return await this.#standInLine(files) ? turn : null;
  }

  /** Gives the turn up, and whatever was kept of it. */
  [Symbol.dispose](): void {
    this.#keeping?.[Symbol.dispose]();
    this.#keeping = null;
    this.#files?.turn.close();
    this.#files?.head.close();
    this.#files = null;
  }

  #end(file: Deno.FsFile): void {
    this.#wroteAt = this.#clock.now();
    if (!this.#isStreak || this.#wroteAt - this.#sliceAt > SLICE_MS) return this.#pass(file);
    const immediate = setImmediate(() => {
      this.#keeping = null;
      this.#pass(file);
    });
    this.#keeping = { [Symbol.dispose]: () => clearImmediate(immediate) };
  }

  #pass(file: Deno.FsFile): void {
    file.unlockSync();
    this.#passed();
  }

  async #standInLine({ turn, head }: TurnFiles): Promise<boolean> {
    const cameAt = this.#clock.now();
    const restMs = Math.min(this.#waitedMs * REST, MOST_REST_MS);
    if (restMs >= LEAST_REST_MS) await setTimeout(restMs);
    const late = Promise.withResolvers<boolean>();
    using _timer = this.#clock.setTimer(TURN_WITHIN_MS, () => late.resolve(false));
    const granted = (async () => {
      if (!head.tryLockSync(true)) await head.lock(true);
      await turn.lock(true);
      head.unlockSync();
      return true;
    })();
    if (await Promise.race([granted, late.promise])) {
      this.#sliceAt = this.#clock.now();
      this.#waitedMs = this.#sliceAt - cameAt;
      return true;
    }
    this.#owed = true;
    const pass = () => {
      this.#owed = false;
      turn.unlockSync();
    };
    // A file that was closed meanwhile has given its lock up.
    void granted.then(pass).catch(() => {});
    return false;
  }

  #open(): TurnFiles | null {
    if (this.#path === null) return null;
    const open = (name: string) =>
      Deno.openSync(`${this.#path}-${name}.lock`, { create: true, write: true, read: true });
    try {
      return this.#files ??= { turn: open("turn"), head: open("line") };
    } catch {
      // What keeps these files from being made keeps the database from being written, which says so better.
      return null;
    }
  }
}

/** Held by the writer, and by the first of those that wait. */
interface TurnFiles {
  readonly turn: Deno.FsFile;
  readonly head: Deno.FsFile;
}
