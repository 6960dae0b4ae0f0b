/**
 * The configuration as the program uses it: validated, complete, and named as in the file, so that a setting has
 * one name everywhere. The bounds and what the keys mean to the operator stand in `schema.ts`.
 *
 * @module
 */

/** The whole configuration: plain data, which may be posted to a worker. */
export interface Config {
  /** The work queue. */
  readonly queue: {
    readonly backend: "sqlite";
    readonly path: string;
    readonly wal_mode: boolean;
    readonly timeout_sec: number;
  };
  /** Who works, how long and how often. */
  readonly orchestrator: {
    readonly max_workers: number;
    readonly max_per_resolver: Readonly<Record<string, number>>;
    readonly max_per_host: number;
    readonly lease_ttl_seconds: number;
    readonly heartbeat_seconds: number;
    readonly max_job_attempts: number;
    readonly retry_backoff_seconds: number;
    readonly jitter_seconds: number;
    readonly stop_deadline_seconds: number;
  };
  /** Who is asking. */
  readonly contact: {
    readonly email?: string | undefined;
  };
  /** What is connected to, and how. */
  readonly network: {
    readonly allow_net: readonly string[];
    readonly allow_private: readonly string[];
    /** The configured one, or the program's own with its version and `contact.email`. */
    readonly user_agent: string;
    readonly robots: "obey" | "ignore";
    readonly timeouts_ms: {
      readonly connect: number;
      readonly first_byte: number;
      readonly idle: number;
      readonly total: number;
    };
    readonly max_bytes: number;
    readonly max_redirects: number;
    readonly allow_downgrade: boolean;
  };
  /** Limits by group: a resolver's name, a host's group, or `default` for hosts that are not named. */
  readonly limits: Readonly<Record<string, LimitRule>>;
  /** Settings by resolver. */
  readonly resolvers: Readonly<Record<string, ResolverConfig>>;
  /** How a work is looked for. */
  readonly pipeline: {
    readonly resolvers: readonly string[];
  };
  /** Where the full texts are kept. */
  readonly storage: {
    readonly out: string;
  };
  /** Where resolvers come from beside the built-in ones. */
  readonly plugins: {
    readonly dirs: readonly string[];
  };
  /** What the program tells of itself. */
  readonly telemetry: {
    readonly log_level: "debug" | "info" | "warn" | "error";
    readonly log_format: "text" | "json";
  };
}

/** The limits of one group; what is left out is as the resolver's plugin or `limits.default` states it. */
export interface LimitRule {
  /** Requests under way at once. */
  readonly concurrency?: number | undefined;
  /** Rates such as `10/s`, all of which hold. */
  readonly rates?: readonly string[] | undefined;
  /** Calls a day, in the API's own units. */
  readonly daily_budget?: number | undefined;
  /** Hour of the day, UTC, at which the budget is filled up. */
  readonly budget_reset_hour_utc?: number | undefined;
  /** Whether limits that the server states may raise these. */
  readonly raise?: boolean | undefined;
  /** How limits are found that nobody states. */
  readonly adaptive?: AdaptiveRule | undefined;
}

/** How limits are found that nobody states. */
export interface AdaptiveRule {
  /** Whether they are searched for. */
  readonly enabled: boolean;
  /** Starts a second of a host that nothing is known of. */
  readonly initial_per_second?: number | undefined;
  /** The search never goes below this. */
  readonly floor_per_second?: number | undefined;
  /** The search never goes above this. */
  readonly ceiling_per_second?: number | undefined;
  /** Nor above so many requests at once. */
  readonly max_concurrency?: number | undefined;
}

/** The settings of one resolver: those that all have, and its own, which its plugin checks. */
export interface ResolverConfig {
  /** Whether it is asked. */
  readonly enabled: boolean;
  /** Replaces the origin of the provider's API. */
  readonly base_url?: string | undefined;
  /** Lower tiers are asked first. */
  readonly tier?: number | undefined;
  /** Limits of the API. */
  readonly limits?: LimitRule | undefined;
  /** A setting of its own. */
  readonly [setting: string]: unknown;
}
