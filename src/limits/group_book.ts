/**
 * The book of all limit groups: grants permits, and keeps what the database is to know.
 *
 * @module
 */

import type { Clock } from "../model/ports.ts";
import type { Closed, Feedback, Permit } from "../model/permit.ts";
import type { Charge } from "./daily_budget.ts";
import { KeyedLimiter } from "./keyed_limiter.ts";
import { NONE, parseInFlight, type UnderWay, writeInFlight } from "./in_flight.ts";
import { type GroupLimits, parseGroupState } from "./group_state.ts";
import { perRequestMs } from "./_adaptive_evidence.ts";
import { LimitGroup, type Room } from "./limit_group.ts";

/** Options of {@linkcode GroupBook}. */
export interface GroupBookOptions {
  /** Tells the time to every group. */
  readonly clock: Clock;
  /** The limits of a group, by its name; asked once when the group is first met, and again by `reconfigure`. */
  readonly limitsOf: (name: string) => GroupLimits;
  /** Called when something happened that the next `settle` will take up: a request ended, a group was refused. */
  readonly onNews: () => void;
}

/** What a request reserved of each of its groups' budgets. */
type Reserved = ReadonlyMap<string, Charge>;

type News =
  | { readonly type: "depart"; readonly names: readonly string[]; readonly at: number }
  | {
    readonly type: "report";
    readonly names: readonly string[];
    readonly feedback: Feedback;
    readonly reserved: Reserved;
    readonly at: number;
  }
  | {
    readonly type: "release";
    readonly names: readonly string[];
    readonly refund: boolean;
    readonly reserved: Reserved;
    /** Whether it was told of its departure before. */
    readonly departed: boolean;
    readonly at: number;
  };

/** A group as `queue groups` shows it. */
export interface GroupView {
  /** Its name: a resolver's, or `host:` and a host key. */
  readonly name: string;
  /** Requests under way in this process and in all others that share the database. */
  readonly inFlight: number;
  /** What it can take now, or until when it is closed and why. */
  readonly room: Room;
  /** The group itself, for the limits in force and what was learned. */
  readonly group: LimitGroup;
}

/**
 * All limit groups of a database, as this process knows them.
 *
 * Several processes may share the groups. So permits are granted, and what was learned is applied, only inside a
 * write transaction of the database, in this order: `adopt` what others wrote, `settle` what happened here since,
 * grant with `acquire` and `room`, and hand `takeChanges` to the database. Between transactions news only gathers;
 * nothing is granted, so a refusal closes its group before anybody else can start.
 */
export class GroupBook {
  readonly #clock: Clock;
  readonly #limitsOf: (name: string) => GroupLimits;
  readonly #onNews: () => void;
  readonly #groups = new Map<string, LimitGroup>();
  /** What this process has under way, and what all others have. */
  readonly #inFlight: KeyedLimiter;
  readonly #own = new Map<string, UnderWay>();
  readonly #foreign = new Map<string, UnderWay>();
  #news: News[] = [];
  /** Groups whose state differs from what the database holds. */
  readonly #dirty = new Set<string>();
  /** Groups that may take more than when they were last looked at. */
  #stirred = new Set<string>();
  #inFlightChanged = true;

  /** Makes a book that knows no group yet. */
  constructor(options: GroupBookOptions) {
    this.#clock = options.clock;
    this.#limitsOf = options.limitsOf;
    this.#onNews = options.onNews;
    // The book decides by `room`; the limiter only counts, so its own limit is out of the way.
    this.#inFlight = new KeyedLimiter({ limit: Number.MAX_SAFE_INTEGER, clock: options.clock });
  }

  /** Takes over the groups that other processes, or an earlier run, wrote. */
  adopt(rows: readonly { readonly name: string; readonly state: string }[]): void {
    for (const { name, state } of rows) {
      this.#group(name).adopt(parseGroupState(state));
      this.#stirred.add(name);
    }
  }

  /** Takes over what the other live processes have in flight, all of them at once. */
  adoptInFlight(rows: readonly { readonly inFlight: string }[]): void {
    const before = [...this.#foreign.keys()];
    for (const name of before) this.#stirred.add(name);
    this.#foreign.clear();
    for (const row of rows) {
      for (const [name, one] of parseInFlight(row.inFlight)) {
        const all = this.#foreign.get(name) ?? NONE;
        this.#foreign.set(name, {
          inFlight: all.inFlight + one.inFlight,
          pending: all.pending + one.pending,
        });
      }
    }
    const now = this.#clock.now();
    for (const name of [...before, ...this.#foreign.keys()]) this.#tellPending(name, now);
  }

  /** Applies what happened since the last call. */
  settle(): void {
    const news = this.#news;
    this.#news = [];
    for (const item of news) {
      for (const name of item.names) {
        this.#stirred.add(name);
        this.#dirty.add(name);
        this.#apply(name, item);
      }
    }
  }

  #apply(name: string, item: News): void {
    const group = this.#group(name);
    switch (item.type) {
      case "depart":
        this.#count(name, { inFlight: 0, pending: -1 }, item.at);
        return group.depart(item.at);
      case "report":
        return group.learn(item.feedback, item.at, item.reserved.get(name));
      case "release":
        this.#count(name, { inFlight: -1, pending: item.departed ? 0 : -1 }, item.at);
        return item.refund
          ? group.refund(item.at, item.departed, item.reserved.get(name))
          : group.finish(item.at);
    }
  }

  /** How many requests that need all of `names` can start now. */
  room(names: readonly string[]): Room {
    let least: Room | null = null;
    for (const name of names) {
      const room = this.#group(name).room(this.#underWay(name).inFlight);
      if (!least || room.count < least.count || room.until > least.until) least = room;
    }
    return least ?? { count: Number.MAX_SAFE_INTEGER, until: this.#clock.now(), why: "rate" };
  }

  /** Takes one slot and one token of each group, all or none. */
  acquire(wanted: readonly string[]): Permit | Closed {
    const names = [...new Set(wanted)];
    let closed: Closed | null = null;
    for (const name of names) {
      const room = this.room([name]);
      if (room.count > 0 || (closed && closed.until >= room.until)) continue;
      closed = { type: "closed", group: name, until: room.until, why: room.why, needs: names };
    }
    if (closed) return closed;
    const reserved = new Map<string, Charge>();
    for (const name of names) {
      reserved.set(name, this.#group(name).take());
      this.#dirty.add(name);
      this.#count(name, { inFlight: 1, pending: 1 }, this.#clock.now());
    }
    return this.#permit(names, reserved);
  }

  /** The groups that the database is to keep, each given out once; empty when nothing changed. */
  takeChanges(): { readonly name: string; readonly state: string }[] {
    const rows = [...this.#dirty].map((name) => ({
      name,
      state: JSON.stringify(this.#group(name).snapshot()),
    }));
    this.#dirty.clear();
    return rows;
  }

  /** Groups that may take more than before, by news alone and not by the passing of time, each given out once. */
  takeStirred(): ReadonlySet<string> {
    const stirred = this.#stirred;
    this.#stirred = new Set();
    return stirred;
  }

  /** What this process has in flight, if it changed since the last call; otherwise `null`. */
  takeInFlight(): string | null {
    if (!this.#inFlightChanged) return null;
    this.#inFlightChanged = false;
    return writeInFlight(this.#own);
  }

  /** Asks for the limits of every known group again; they hold at once, upwards and downwards. */
  reconfigure(): void {
    for (const group of this.#groups.values()) {
      group.setLimits(this.#limitsOf(group.name));
      this.#stirred.add(group.name);
    }
    this.#onNews();
  }

  /** How many groups were met so far. */
  get size(): number {
    return this.#groups.size;
  }

  /** Groups under adaptive control, with what is in flight. */
  *paced(): Generator<
    { readonly group: LimitGroup; readonly perRequestMs: number; readonly inFlight: number }
  > {
    for (const group of this.#groups.values()) {
      const { adaptive } = group.state;
      if (!adaptive) continue;
      yield {
        group,
        perRequestMs: perRequestMs(adaptive, group.concurrency),
        inFlight: this.#own.get(group.name)?.inFlight ?? 0,
      };
    }
  }

  /** All groups met so far. */
  views(): GroupView[] {
    return [...this.#groups.values()].map((group) => ({
      name: group.name,
      inFlight: this.#underWay(group.name).inFlight,
      room: this.room([group.name]),
      group,
    }));
  }

  #group(name: string): LimitGroup {
    let group = this.#groups.get(name);
    if (!group) this.#groups.set(name, group = new LimitGroup(name, this.#limitsOf(name), this.#clock));
    return group;
  }

  /** What is under way here and elsewhere. */
  #underWay(name: string): UnderWay {
    const own = this.#own.get(name) ?? NONE, foreign = this.#foreign.get(name) ?? NONE;
    return { inFlight: own.inFlight + foreign.inFlight, pending: own.pending + foreign.pending };
  }

  #count(name: string, by: UnderWay, at: number): void {
    if (by.inFlight === 1) this.#inFlight.tryAcquireNow(name);
    else if (by.inFlight === -1) this.#inFlight.release(name);
    const inFlight = this.#inFlight.inUse(name);
    const pending = (this.#own.get(name) ?? NONE).pending + by.pending;
    if (inFlight === 0) this.#own.delete(name);
    else this.#own.set(name, { inFlight, pending });
    this.#tellPending(name, at);
    this.#inFlightChanged = true;
  }

  #tellPending(name: string, at: number): void {
    this.#group(name).setPending(this.#underWay(name).pending, at);
  }

  #permit(names: readonly string[], reserved: Reserved): Permit {
    // Of its grant; of its departure from then on, which is where the server sees it.
    let at = this.#clock.now();
    let departed = false;
    let left = false;
    let disposed = false;
    const depart = () => {
      if (departed) return;
      departed = true;
      this.#tell({ type: "depart", names, at });
    };
    return {
      type: "permit",
      groups: names,
      depart: () => {
        if (!departed) at = this.#clock.now();
        depart();
      },
      report: (feedback) => {
        depart();
        // A connection that was not made carried no request.
        left ||= !(feedback.type === "failed" && feedback.reason === "connect-failed");
        this.#tell({ type: "report", names, feedback, reserved, at });
      },
      [Symbol.dispose]: () => {
        if (disposed) return;
        disposed = true;
        this.#tell({ type: "release", names, refund: !left, reserved, departed, at });
      },
    };
  }

  #tell(news: News): void {
    this.#news.push(news);
    this.#onNews();
  }
}
