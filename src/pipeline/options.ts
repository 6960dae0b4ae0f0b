/**
 * What the pipeline works with.
 *
 * @module
 */

import type { PermitSource } from "../model/permit.ts";
import type { Clock, Logger } from "../model/ports.ts";
import type { Resolver, ResolverFetch } from "../model/resolver.ts";
import type { Download } from "./downloaded.ts";
import type { FileStore } from "./store.ts";

/** What the pipeline is made of. */
export interface PipelineOptions {
  /** Those that may be asked. */
  readonly resolvers: readonly Resolver[];
  /** The fetch of one resolver's requests on behalf of one job. */
  readonly fetchFor: (resolver: Resolver, permits: PermitSource, signal: AbortSignal) => ResolverFetch;
  /** Fetches one candidate. */
  readonly download: Download;
  /** Knows what is in place already. */
  readonly store: FileStore;
  /** Source of time for records and for how long a closed step is waited for. */
  readonly clock: Clock;
  /** Told of resolvers that fail and of candidates that are refused. */
  readonly logger: Logger;
}
