/**
 * The configuration's keys, bounds and defaults: the one place that states them. The template, the error texts
 * and the environment's variables are derived from it.
 *
 * @module
 */

import * as z from "zod";
import { isRate } from "../model/rate.ts";

/** Longer time-outs do not fit the platform's timers. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

const wholeNumber = (minimum: number, maximum = Number.MAX_SAFE_INTEGER) => z.int().min(minimum).max(maximum);
const path = z.string().regex(/^[^\0]+$/).meta({ expects: "a path" });
const name = z.string().regex(/^\S+$/).meta({ expects: "a name" });

// The address ends up in a header field and in query strings: printable ASCII, no space, no angle bracket.
const email = z.string().regex(/^[!#-;=?-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/).meta({
  expects: "an e-mail address",
});

// Field content of RFC 9110, section 5.5, without obsolete bytes.
const fieldValue = z.string().regex(/^[!-~]([ !-~]*[!-~])?$/).meta({ expects: "printable ASCII text" });

const hostPattern = z.string().regex(/^[^\s/@?#]+(\/\d{1,3}(:\d{1,5})?)?$/).meta({
  expects: 'a host name, "*.suffix", address or CIDR range, each with an optional ":port"',
});

const rate = z.string().refine(isRate).meta({
  expects: 'a rate such as "10/s", "1/3s", "100/5m", "5000/h" or "0.2/s"',
});

const BASE_URL_EXPECTS = "an http or https URL without credentials, query and fragment";
const baseUrl = z.string().refine(isBaseUrl).meta({ expects: BASE_URL_EXPECTS });

function isBaseUrl(given: unknown): boolean {
  const url = typeof given === "string" && /^https?:\/\//i.test(given) ? URL.parse(given) : null;
  return url !== null && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
}

const adaptive = z.strictObject({
  enabled: z.boolean().default(true).describe("Whether limits that nobody states are searched for"),
  initial_per_second: z.number().positive().optional().describe(
    "Starts a second of a host nothing is known of",
  ),
  floor_per_second: z.number().positive().optional().describe("The search never goes below this"),
  ceiling_per_second: z.number().positive().optional().describe("The search never goes above this"),
  max_concurrency: wholeNumber(1).optional().describe("Nor above so many requests at once"),
}).check(({ value, issues }) => {
  const { floor_per_second: floor = 0, ceiling_per_second: ceiling = Infinity } = value;
  if (floor <= ceiling) return;
  const message = `not at most ceiling_per_second (${ceiling})`;
  issues.push({ code: "custom", path: ["floor_per_second"], input: floor, message });
});

const limitRule = z.strictObject({
  concurrency: wholeNumber(1).optional().describe("Requests under way at once"),
  rates: z.array(rate).optional().describe("Rates, all of which hold"),
  daily_budget: z.number().positive().optional().describe(
    "What may be used up a day, in the API's own units: calls, credits or dollars",
  ),
  budget_reset_hour_utc: wholeNumber(0, 23).optional().describe(
    "Hour at which the provider resets the budget",
  ),
  raise: z.boolean().optional().describe("Whether limits that the server states may raise these"),
  adaptive: adaptive.optional().describe("How limits are found that nobody states"),
});

const queue = z.strictObject({
  backend: z.enum(["sqlite"]).default("sqlite").describe("What keeps the queue"),
  path: path.default("state/workqueue.sqlite").describe("The database file"),
  wal_mode: z.boolean()
    .refine(
      (on) => on,
      "not possible: several processes are safe on one database only with its write-ahead log",
    )
    .default(true)
    .meta({
      description:
        "Write-ahead log: readers and the writer do not wait for each other; there is no going without",
      expects: "true",
    }),
  timeout_sec: z.number().min(1).default(10).describe("How long a busy database is waited for"),
});

/** A lease must outlive a heartbeat that comes late, and one that is lost. */
const DEFAULT_HEARTBEAT_SECONDS = 30;

const orchestrator = z.strictObject({
  max_workers: wholeNumber(1, 256).default(8).describe("Jobs that are worked on at once"),
  max_per_resolver: z.record(name, wholeNumber(1).describe("Requests to the API of this resolver at once"))
    .default({})
    .meta({
      description: "Requests to a resolver's API at once",
      placeholder: "resolver",
      example: { crossref: 2 },
    }),
  max_per_host: wholeNumber(1).default(4).describe("Requests to one host at once"),
  lease_ttl_seconds: z.number().min(30).default(600)
    .describe("After so long without a heartbeat a job is given to another worker"),
  heartbeat_seconds: z.number().min(5).optional().meta({
    description:
      "How often running jobs renew their leases; less than half of lease_ttl_seconds. Left out, it is 30, " +
      "or a third of a shorter lease_ttl_seconds",
    default: DEFAULT_HEARTBEAT_SECONDS,
  }),
  max_job_attempts: wholeNumber(1).default(3).describe("Attempts after which a job ends in error"),
  retry_backoff_seconds: z.number().min(1).default(60).describe(
    "Wait before the second attempt; doubles each time",
  ),
  jitter_seconds: z.number().min(0).default(15).describe("Up to so much is added to each wait at random"),
  stop_deadline_seconds: z.number().min(0).max(3600).default(30)
    .describe("How long a graceful stop waits for running jobs"),
}).transform((given) => ({
  ...given,
  heartbeat_seconds: given.heartbeat_seconds ??
    Math.min(DEFAULT_HEARTBEAT_SECONDS, Math.floor(given.lease_ttl_seconds / 3)),
})).check(({ value, issues }) => {
  const half = value.lease_ttl_seconds / 2;
  if (value.heartbeat_seconds < half) return;
  const message = `not less than half of lease_ttl_seconds (${half})`;
  issues.push({ code: "custom", path: ["heartbeat_seconds"], input: value.heartbeat_seconds, message });
});

const contact = z.strictObject({
  email: email.optional().meta({
    description: "Sent to the APIs that ask for an address; without it those that demand one are left out",
    example: "you@library.example.org",
  }),
});

const timeoutMs = wholeNumber(1, MAX_TIMEOUT_MS);

const network = z.strictObject({
  allow_net: z.array(hostPattern).default([]).describe(
    "The only hosts to connect to; empty for every public host",
  ),
  allow_private: z.array(hostPattern).default([])
    .describe("Private, loopback and link-local hosts that may be reached nevertheless"),
  user_agent: fieldValue.optional().meta({
    description:
      "How requests introduce themselves. Left out, it names the program, its version and contact.email",
    example: "library-harvest/1.0 (+mailto:you@library.example.org)",
  }),
  robots: z.enum(["obey", "ignore"]).default("obey").describe(
    "Whether robots.txt holds for pages and downloads",
  ),
  timeouts_ms: z.strictObject({
    connect: timeoutMs.default(10_000).describe("For a connection"),
    first_byte: timeoutMs.default(30_000).describe("From the request to the answer"),
    idle: timeoutMs.default(30_000).describe("Between two parts of a body"),
    total: timeoutMs.default(600_000).describe("For all of it"),
  }).prefault({}).describe("Time-outs of one request, in milliseconds"),
  max_bytes: wholeNumber(1).default(512 * 1024 * 1024).describe("Larger files are not fetched"),
  max_redirects: wholeNumber(0, 50).default(10).describe("Redirects followed for one request"),
  allow_downgrade: z.boolean().default(false).describe(
    "Whether a redirect may lead from https to http; otherwise the same page is asked for over https",
  ),
});

const resolver = z.looseObject({
  enabled: z.boolean().default(true).describe("Whether the resolver is asked"),
  base_url: baseUrl.optional().describe("Replaces the origin of the provider's API"),
  tier: wholeNumber(0, 99).optional().describe("Lower tiers are asked first; the plugin states a default"),
  limits: limitRule.optional().describe("Limits of the API; the plugin states defaults"),
}).check(({ value, issues }) => {
  for (const [key, given] of Object.entries(value)) {
    if (key === "base_url" || !key.endsWith("_base_url") || isBaseUrl(given)) continue;
    issues.push({ code: "custom", path: [key], input: given, message: `not ${BASE_URL_EXPECTS}` });
  }
});

/** The configuration as files, environment and flags give it; parsing fills the defaults in. */
export const configSchema = z.strictObject({
  queue: queue.prefault({}).describe("The work queue"),
  orchestrator: orchestrator.prefault({}).describe("Who works, how long and how often"),
  contact: contact.prefault({}).describe("Who is asking"),
  network: network.prefault({}).describe("What is connected to, and how"),
  limits: z.record(name, limitRule).default({}).meta({
    description:
      "Limits by group: a resolver's name, a host (host:HOST), or default for hosts that are not named",
    placeholder: "group",
    example: {
      "default": { rates: ["2/s"] },
      "host:journal.example.org": { concurrency: 1, rates: ["1/3s"] },
    },
  }),
  resolvers: z.record(name, resolver).default({}).meta({
    description: "Settings by resolver; beside the ones below each has its own, which `plugins list` names",
    placeholder: "resolver",
    example: { openalex: { api_key: "…" }, landing_page: { enabled: false } },
  }),
  pipeline: z.strictObject({
    resolvers: z.array(name).default([]).describe(
      "Names of the resolvers to use; empty for all that are enabled",
    ),
  }).prefault({}).describe("How a work is looked for"),
  storage: z.strictObject({
    out: path.default("downloads").describe("Where the files go"),
  }).prefault({}).describe("Where the full texts are kept"),
  plugins: z.strictObject({
    dirs: z.array(path).default([]).describe(
      "Directories of further resolvers; a later one wins over an earlier",
    ),
  }).prefault({}).describe("Where resolvers come from beside the built-in ones"),
  telemetry: z.strictObject({
    log_level: z.enum(["debug", "info", "warn", "error"]).default("info").describe("What is logged"),
    log_format: z.enum(["text", "json"]).default("text").describe("As text, or as one JSON object a line"),
  }).prefault({}).describe("What the program tells of itself, on standard error"),
});
