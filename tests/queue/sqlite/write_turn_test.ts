import { deepEqual, equal, ok } from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { WriteTurn } from "../../../src/queue/sqlite/write_turn.ts";
import { SystemClock } from "../../../src/runtime/mod.ts";
import { ManualClock } from "../../limits/_manual_clock.ts";
import { until } from "../../_support/until.ts";

/** A lock as another process sees it: it belongs to an open file. */
class OtherLock implements Disposable {
  readonly #file: Deno.FsFile;

  constructor(path: string) {
    this.#file = Deno.openSync(path, { create: true, read: true, write: true });
  }

  take(): void {
    ok(this.#file.tryLockSync(true));
  }

  free(): void {
    this.#file.unlockSync();
  }

  isFree(): boolean {
    const free = this.#file.tryLockSync(true);
    if (free) this.free();
    return free;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

interface Rig {
  readonly turn: WriteTurn;
  readonly clock: ManualClock;
  readonly isFree: () => boolean;
  readonly path: string;
  /** The turn, and the head of the line. */
  readonly other: OtherLock;
  readonly line: OtherLock;
}

async function withTurn(work: (rig: Rig) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const clock = new ManualClock();
    const path = `${directory}/queue.sqlite`;
    using turn = new WriteTurn(path, clock);
    using other = new OtherLock(`${path}-turn.lock`);
    using line = new OtherLock(`${path}-line.lock`);
    await work({ turn, clock, isFree: () => other.isFree(), path, other, line });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The turn that is waited for; the clock stands, so only a defect keeps it away. */
async function comes(taking: Promise<Disposable | null>): Promise<Disposable> {
  const late = Promise.withResolvers<never>();
  using _timer = new SystemClock().setTimer(10_000, () => late.reject(new Error("the turn does not come")));
  const taken = await Promise.race([taking, late.promise]);
  ok(taken, "went without the turn");
  return taken;
}

async function write(turn: WriteTurn, during: () => void = () => {}): Promise<void> {
  using _taken = await comes(turn.take());
  during();
}

function pass(clock: ManualClock, ms: number): void {
  clock.step(clock.now() + ms);
}

Deno.test("WriteTurn passes the turn on after a single write", () =>
  withTurn(async ({ turn, isFree }) => {
    await write(turn, () => equal(isFree(), false));
    equal(isFree(), true);
  }));

Deno.test("WriteTurn keeps the turn between writes that follow each other, until the thread is idle", () =>
  withTurn(async ({ turn, clock, isFree }) => {
    await write(turn);
    for (let n = 0; n < 3; n++) {
      await write(turn);
      equal(isFree(), false);
    }
    pass(clock, 1);
    await write(turn);
    equal(isFree(), false);
    await setImmediate();
    equal(isFree(), true);
    // A pause ends the streak.
    pass(clock, 2);
    await write(turn, () => equal(isFree(), false));
    equal(isFree(), true);
  }));

Deno.test("WriteTurn knows what it kept no more once that has become the turn of a write", () =>
  withTurn(async ({ turn, clock, isFree }) => {
    await write(turn);
    await write(turn);
    pass(clock, 2);
    await write(turn);
    equal(isFree(), true);
    await write(turn, () => equal(isFree(), false));
  }));

Deno.test("WriteTurn keeps no turn after a write that lasts longer than its slice", () =>
  withTurn(async ({ turn, clock, isFree }) => {
    await write(turn);
    await write(turn, () => pass(clock, 4));
    equal(isFree(), false);
    await write(turn, () => pass(clock, 1));
    equal(isFree(), true);
  }));

Deno.test("WriteTurn says each time that it has passed the turn on", () =>
  withTurn(async ({ clock, path, isFree, line }) => {
    const said: string[] = [];
    let during = "";
    using turn = new WriteTurn(path, clock, () => said.push(`${during}: ${isFree() ? "free" : "taken"}`));
    const expect = (...expected: string[]) => deepEqual(said.splice(0), expected);
    during = "after one";
    await write(turn);
    expect("after one: free");
    during = "kept";
    await write(turn);
    expect();
    during = "idle";
    await setImmediate();
    expect("idle: free");
    await write(turn);
    expect();
    during = "the slice is over";
    pass(clock, 1);
    await write(turn, () => pass(clock, 4));
    expect("the slice is over: free");
    for (let ms = 0; ms <= 4; ms++) {
      await write(turn);
      pass(clock, 1);
    }
    expect();
    during = "in line";
    line.take();
    const waiting = turn.take();
    expect("in line: free");
    line.free();
    using _taken = await comes(waiting);
    expect();
  }));

Deno.test("WriteTurn stands in no line for a free turn, after a pause longer than its slice", () =>
  withTurn(async ({ turn, clock }) => {
    // It waits no longer than a timer says, wherever it stands in line.
    const takes = async () => {
      const taking = turn.take();
      const stands = clock.timers > 0;
      using _taken = await comes(taking);
      return stands ? "in line" : "at once";
    };
    equal(await takes(), "at once");
    pass(clock, 4);
    equal(await takes(), "at once");
    // That pause was within the slice, and began none.
    pass(clock, 1);
    equal(await takes(), "in line");
    // The line did.
    pass(clock, 4);
    equal(await takes(), "at once");
    pass(clock, 5);
    equal(await takes(), "at once");
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
    withTurn(async ({ turn, clock, path }) => {
      await write(turn);
      await write(turn);
      using next = new WriteTurn(path, clock);
      const order: string[] = [];
      const waiting = write(next, () => order.push("next"));
      untilAwaited(`${path}-turn.lock`);
      for (let n = 1; n <= 7; n++) {
        pass(clock, 1);
        await write(turn, () => order.push(`${n} ms`));
      }
      await waiting;
      equal(order.join(", "), "1 ms, 2 ms, 3 ms, 4 ms, next, 5 ms, 6 ms, 7 ms");
    }),
});

Deno.test("WriteTurn is at the head of the line until the turn is its own", () =>
  withTurn(async ({ turn, other, line }) => {
    other.take();
    const waiting = turn.take();
    equal(line.isFree(), false);
    other.free();
    using _taken = await comes(waiting);
    equal(line.isFree(), true);
  }));

Deno.test("WriteTurn waits behind the head of the line though the turn is free", () =>
  withTurn(async ({ turn, clock, isFree, line }) => {
    await write(turn);
    for (let n = 1; n <= 4; n++) {
      pass(clock, 1);
      await write(turn);
    }
    line.take();
    pass(clock, 1);
    const waiting = turn.take();
    await setImmediate();
    equal(isFree(), true);
    line.free();
    using _taken = await comes(waiting);
    equal(isFree(), false);
  }));

Deno.test("WriteTurn rests before it stands in line again, and not for long", () =>
  withTurn(async ({ turn, clock, other, line }) => {
    /** Whether it went to the head of the line at once, where it then waited so long. */
    const waits = async (ms: number) => {
      other.take();
      const waiting = turn.take();
      const isFirst = !line.isFree();
      await until(() => !line.isFree(), "it is at the head of the line", 10_000);
      pass(clock, ms);
      other.free();
      (await comes(waiting))[Symbol.dispose]();
      await setImmediate();
      return isFirst;
    };
    equal(await waits(2), true);
    // So short a wait is followed by no rest, a longer one by one, and one without end by one with an end.
    equal(await waits(3), true);
    equal(await waits(1_000_000), false);
    equal(await waits(0), false);
    equal(await waits(0), true);
  }));

/** Waits until the kernel has given the turn to whom it owed it, and that has passed it on. */
async function passesOn(isFree: () => boolean): Promise<void> {
  // The kernel gives it without this thread, which alone can pass it on.
  while (isFree());
  await until(isFree, "the turn is passed on", 10_000);
}

Deno.test("WriteTurn goes without when the turn does not come, until that has come and was passed on", () =>
  withTurn(async ({ turn, clock, isFree, other }) => {
    other.take();
    const waiting = turn.take();
    await clock.advance(249);
    equal(clock.timers, 1);
    await clock.advance(1);
    equal(clock.timers, 0);
    equal(await waiting, null);
    // What is owed is not asked for again.
    const next = turn.take();
    equal(clock.timers, 0);
    equal(await next, null);
    other.free();
    await passesOn(isFree);
    await write(turn);
  }));

Deno.test("WriteTurn gives up a turn that comes after it was disposed of", () =>
  withTurn(async ({ clock, isFree, path, other }) => {
    other.take();
    {
      using turn = new WriteTurn(path, clock);
      const waiting = turn.take();
      await clock.advance(250);
      equal(await waiting, null);
    }
    other.free();
    await passesOn(isFree);
  }));

Deno.test("WriteTurn lets go of a turn that it keeps when it is disposed of, once or twice", () =>
  withTurn(async ({ clock, isFree, path }) => {
    {
      using turn = new WriteTurn(path, clock);
      await write(turn);
      await write(turn);
      equal(isFree(), false);
      turn[Symbol.dispose]();
      equal(isFree(), true);
    }
    equal(isFree(), true);
  }));

Deno.test("WriteTurn leaves it to the database to say why its files cannot be made", async () => {
  using turn = new WriteTurn("/no/such/directory/queue.sqlite", new ManualClock());
  equal(await turn.take(), null);
});

Deno.test("WriteTurn knows no line without a file", async () => {
  using turn = new WriteTurn(":memory:", new ManualClock());
  equal(await turn.take(), null);
});
