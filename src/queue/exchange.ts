/**
 * One group commit: what is told to the queue, decided under its lock, and given back.
 *
 * @module
 */

import type { ArtifactRecord } from "../model/artifact.ts";
import type { Lease, LeasedJob } from "./job.ts";

/** How many jobs that wait on a route can start now. */
export interface Demand {
  /** The route's name. */
  readonly route: string;
  /** The most jobs to lease. */
  readonly count: number;
}

/** What a lease holder has to say of its job. */
export type Settlement =
  | { readonly type: "ack"; readonly lease: Lease; readonly record: ArtifactRecord }
  | {
    readonly type: "retry";
    readonly lease: Lease;
    /** What is recorded when no attempt is left; its reason and message explain the failure meanwhile. */
    readonly record: ArtifactRecord;
    readonly message: string;
    readonly cursor: string | null;
    /** Where the next attempt begins. */
    readonly route: string;
  }
  | {
    readonly type: "hold";
    readonly lease: Lease;
    readonly route: string;
    /** Not to be leased before this instant; `null` where the route's own limits govern. */
    readonly until: number | null;
    readonly cursor: string | null;
  }
  | {
    readonly type: "release";
    readonly lease: Lease;
    readonly route: string;
    readonly cursor: string | null;
  };

/** What a settlement came to: `ok` for ack, hold and release, `retry` or `error` for a retry, `lost` for any. */
export type Settled = "ok" | "retry" | "error" | "lost";

/** State of one limit group as its owner wrote it; opaque to the queue. */
export interface GroupRow {
  /** The group's name. */
  readonly name: string;
  /** JSON of the limits room. */
  readonly state: string;
}

/** Another process that works on the same database. */
export interface HolderRow {
  /** The name of the process. */
  readonly workerId: string;
  /** What it has in flight, as its owner wrote it; opaque to the queue. */
  readonly inFlight: string;
}

/** What a planner sees in the middle of an exchange, with the database locked for writing. */
export interface ExchangeView {
  /** The instant of the exchange, in whole milliseconds. */
  readonly now: number;
  /** Whether leasing is stopped in every process. */
  readonly paused: boolean;
  /** Groups that other processes changed since the last exchange. */
  readonly foreignGroups: readonly GroupRow[];
  /** The other live processes, if any of them changed since the last exchange; otherwise `null`. */
  readonly foreignHolders: readonly HolderRow[] | null;
  /** Names of the routes on which jobs became ready since they were last given out; at first all that have any. */
  takeStirred(): ReadonlySet<string>;
  /** How many jobs are ready on a route. */
  ready(route: string): number;
}

/** What a planner decides. */
export interface Plan {
  /** What to lease. */
  readonly demand: readonly Demand[];
  /** Groups to be written. */
  readonly groups: readonly GroupRow[];
  /** What this process has in flight; `null` where nothing changed. */
  readonly inFlight: string | null;
}

/** One group commit: everything that gathered since the last one, then the next claims, in one transaction. */
export interface Exchange {
  /** Names the process; never used by another one, nor again. */
  readonly workerId: string;
  /** How long new and extended leases last. */
  readonly leaseTtlMs: number;
  /** What the jobs of this process came to, oldest first. */
  readonly settlements: readonly Settlement[];
  /** Whether the worker's leases are to be extended. */
  readonly heartbeat: boolean;
  /** Called synchronously once the database is locked and the settlements are applied. */
  readonly plan: (view: ExchangeView) => Plan;
}

/** What an exchange did. */
export interface Exchanged {
  /** One result a settlement, in their order. */
  readonly settled: readonly Settled[];
  /** The jobs that were claimed. */
  readonly leased: readonly LeasedJob[];
  /** After a heartbeat: the leases still held. Otherwise `null`. */
  readonly held: readonly Lease[] | null;
  /** Whether anything but finished jobs is left. */
  readonly unfinished: number;
  /** Whether leasing is stopped in every process. */
  readonly paused: boolean;
  /** When the next scheduled job falls due, or the next lease of anyone lapses; `null` for never. */
  readonly nextDueAt: number | null;
}
