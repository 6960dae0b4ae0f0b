import { FatalError } from "../../src/model/errors.ts";
import type {
  Exchange,
  Exchanged,
  ExchangeView,
  Lease,
  Settlement,
  SqliteWorkQueue,
  WorkQueue,
} from "../../src/queue/mod.ts";

/** What is to go wrong in the next exchange. */
export type ExchangeFault = "killed-inside" | "killed-after" | "disk-full";

/** Writes to the one database, by anybody, so that each process can tell whether others wrote. */
export interface WriteCounter {
  count: number;
  /** Transactions, those that wrote nothing included. */
  commits: number;
}

/** Options of {@linkcode withFaults}. */
export interface FaultOptions {
  /** Takes the fault that is due, if one is. */
  readonly takeFault: () => ExchangeFault | null;
  /** The process dies now. */
  readonly onKilled: () => void;
  /** Whether a lease is in force, by the database. */
  readonly holds: (lease: Lease) => boolean;
  /** A settlement was taken whose lease was not in force. */
  readonly onStale: (settlement: Settlement) => void;
  /** An exchange is about to decide; what it sees is the database's state. */
  readonly onCommitted: (exchanged: Exchanged) => void;
  readonly writes: WriteCounter;
}

/** One of its own for each: what waits for a common one would be held in memory for ever. */
const never = () => new Promise<never>(() => {});

/**
 * The real queue, but exchanges may be cut off: inside the transaction, which rolls back, or after the commit, so that the
 * process never hears of it. Only what the orchestrator uses is passed on.
 */
export function withFaults(
  queue: SqliteWorkQueue,
  options: FaultOptions,
): Pick<WorkQueue, "exchange" | "leave" | "touched"> {
  let seen = -1;
  return {
    async exchange(exchange: Exchange): Promise<Exchanged> {
      const fault = options.takeFault();
      let writes = exchange.heartbeat || exchange.settlements.length > 0;
      const plan = (view: ExchangeView) => {
        const decided = exchange.plan(view);
        writes ||= decided.groups.length > 0 || decided.inFlight !== null;
        if (fault === "disk-full") throw new FatalError("Cannot write queue: the disk is full");
        if (fault === "killed-inside") throw new Error("killed");
        return decided;
      };
      const held = exchange.settlements.map(({ lease }) => options.holds(lease));
      let exchanged: Exchanged;
      try {
        exchanged = await queue.exchange({ ...exchange, plan });
      } catch (error) {
        if (fault !== "killed-inside") throw error;
        options.onKilled();
        return await never();
      }
      options.writes.commits++;
      if (writes || exchanged.leased.length > 0) options.writes.count++;
      seen = options.writes.count;
      if (fault === "killed-after") {
        options.onKilled();
        return await never();
      }
      for (const [index, settlement] of exchange.settlements.entries()) {
        if (exchanged.settled[index] !== "lost" && !held[index]) options.onStale(settlement);
      }
      options.onCommitted(exchanged);
      return exchanged;
    },
    async leave(workerId: string): Promise<void> {
      await queue.leave(workerId);
      seen = ++options.writes.count;
    },
    // The real one looks at the log's time of change, which is not virtual.
    touched: () => options.writes.count !== seen,
  };
}
