/**
 * What every work queue must do, whatever keeps it. A backend calls `workQueueConformance` with a way to open it.
 *
 * @module
 */

import type { Clock, Random } from "../../src/model/ports.ts";
import type { RetryPolicy, WorkQueue } from "../../src/queue/mod.ts";
import { testClaims } from "./work_queue/claims.ts";
import { testEnqueue } from "./work_queue/enqueue.ts";
import { testExchange } from "./work_queue/exchange.ts";
import { testFencing } from "./work_queue/fencing.ts";
import { testReading } from "./work_queue/reading.ts";
import { testSettlements } from "./work_queue/settlements.ts";

/** What a queue under test is opened with. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly retry: RetryPolicy;
}

/** Queues of one backend on storage of their own. */
export interface Storage extends AsyncDisposable {
  /** Opens a connection to the storage. */
  open(ports: Ports): WorkQueue;
}

/** What keeps the queues under test. */
export interface Backend {
  /** Makes empty storage. */
  make(): Promise<Storage>;
  /** Whether several connections can be opened to one storage. */
  readonly shared: boolean;
}

/** Registers the tests of a backend. */
export function workQueueConformance(name: string, backend: Backend): void {
  for (const part of [testEnqueue, testClaims, testFencing, testSettlements, testExchange, testReading]) {
    part(name, backend);
  }
}
