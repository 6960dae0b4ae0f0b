import { equal } from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../../src/model/ports.ts";
import { WriteTurn } from "../../../src/queue/sqlite/write_turn.ts";
import { SystemClock } from "../../../src/runtime/mod.ts";

/** Time that is moved by hand; timers are the platform's, as the locks are. */
class StoppedClock implements Clock {
  readonly #real = new SystemClock();
  nowMs = 1_000;

  now(): number {
    return this.nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Disposable {
    return this.#real.setTimer(delayMs, callback);
  }
}

async function withTurn(
  work: (turn: WriteTurn, clock: StoppedClock, isFree: () => boolean, path: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const clock = new StoppedClock();
    const path = `${directory}/queue.sqlite`;
    using turn = new WriteTurn(path, clock);
    // As another process sees it: a lock belongs to an open file.
    using other = await Deno.open(`${path}-turn.lock`, { create: true, read: true, write: true });
    await work(turn, clock, () => {
      const free = other.tryLockSync(true);
      if (free) other.unlockSync();
      return free;
    }, path);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function write(turn: WriteTurn, during: () => void = () => {}): Promise<void> {
  using _taken = await turn.take();
  during();
}

Deno.test("WriteTurn passes the turn on after a single write", () =>
  withTurn(async (turn, _clock, isFree) => {
    await write(turn, () => equal(isFree(), false));
    equal(isFree(), true);
  }));

Deno.test("WriteTurn keeps the turn between writes that follow each other, until the thread is idle", () =>
  withTurn(async (turn, clock, isFree) => {
    await write(turn);
    for (let n = 0; n < 3; n++) {
      await write(turn);
      equal(isFree(), false);
    }
    await setImmediate();
    equal(isFree(), true);
    // A pause ends the streak.
    clock.nowMs += 2;
    await write(turn);
    equal(isFree(), true);
  }));

/** Waits, without leaving this thread to anything else, until somebody waits in the kernel for a file's lock. */
function untilAwaited(path: string): void {
  const inode = Deno.statSync(path).ino;
  const waiting = new RegExp(`->.*:${inode} `);
  while (!waiting.test(Deno.readTextFileSync("/proc/locks")));
}

Deno.test({
  name: "WriteTurn keeps the turn no longer than its slice, and then stands in line",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withTurn(async (turn, clock, _isFree, path) => {
      await write(turn);
      await write(turn);
      using next = new WriteTurn(path, clock);
      const order: string[] = [];
      const waiting = write(next, () => order.push("next"));
      untilAwaited(`${path}-turn.lock`);
      for (let n = 1; n <= 6; n++) {
        clock.nowMs += 1;
        await write(turn, () => order.push(`${n} ms`));
      }
      await waiting;
      equal(order.join(", "), "1 ms, 2 ms, 3 ms, next, 4 ms, 5 ms, 6 ms");
    }),
});

Deno.test("WriteTurn lets go of a turn that it keeps when it is disposed of", () =>
  withTurn(async (_turn, clock, isFree, path) => {
    {
      using turn = new WriteTurn(path, clock);
      await write(turn);
      await write(turn);
      equal(isFree(), false);
    }
    equal(isFree(), true);
  }));

Deno.test("WriteTurn leaves it to the database to say why its files cannot be made", async () => {
  using turn = new WriteTurn("/no/such/directory/queue.sqlite", new StoppedClock());
  equal(await turn.take(), null);
});

Deno.test("WriteTurn knows no line without a file", async () => {
  using turn = new WriteTurn(":memory:", new StoppedClock());
  equal(await turn.take(), null);
});
