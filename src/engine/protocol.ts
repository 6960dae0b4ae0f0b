/**
 * What the command line and the confined engine say to each other. All of it crosses a worker's boundary by
 * structured clone: data only.
 *
 * @module
 */

import type { Artifact, Candidate, KnownIds } from "../model/artifact.ts";
import type { Outcome, Reason } from "../model/reason.ts";
import type { Config } from "../config/mod.ts";
import type { NewJob, QueueStats } from "../queue/mod.ts";
import type { PluginSource } from "../plugins/mod.ts";

/** What the engine is to do. */
export type EngineCommand =
  | {
    /** Work on the queue. */
    readonly type: "run";
    /** Whether to end when nothing is left to do. */
    readonly drain: boolean;
    /** Jobs for a queue in memory, in place of those of the file: `get`. */
    readonly only?: readonly NewJob[];
  }
  | {
    /** Ask one plugin about one work, print what it answers, download nothing. */
    readonly type: "resolve";
    readonly plugin: string;
    readonly artifact: Artifact;
  }
  | {
    /** Try what the engine must not be able to do: `config check --confinement`. */
    readonly type: "probe";
  };

/** All that the engine needs to begin. */
export interface EngineStart {
  /** What it is to do. */
  readonly command: EngineCommand;
  /** The configuration in force. */
  readonly config: Config;
  /** The plugins' files: the engine cannot read their directories. */
  readonly plugins: readonly PluginSource[];
  /** Settings of plugins that come from environment variables, by plugin: the engine cannot read the environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What happened in the engine. */
export type EngineEvent =
  | {
    readonly type: "settled";
    readonly artifactId: string;
    /** `null` while the job goes on: it was held, is to be retried, or was given back. */
    readonly outcome: Outcome | null;
    readonly reason: Reason | null;
    /** Path below the output directory. */
    readonly path: string | null;
    readonly bytes: number | null;
    readonly resolver: string | null;
  }
  | {
    readonly type: "progress";
    readonly stats: QueueStats;
    readonly running: readonly string[];
    /** While nothing runs: the earliest instant at which something can; `null` if nobody can say. */
    readonly nextWorkAt: number | null;
  }
  | {
    readonly type: "resolved";
    readonly candidates: readonly Candidate[];
    readonly ids: KnownIds;
    readonly verdict: string | null;
    /** Why it failed, or until when its limit group is closed. */
    readonly problem: string | null;
  }
  | {
    readonly type: "probed";
    /** What was tried, such as `read /etc/hostname`. */
    readonly attempt: string;
    /** Deno's refusal; `null` if the attempt got through. */
    readonly refusal: string | null;
  };

/** How the engine ended. */
export type EngineEnd = "drained" | "stopped";

/** To the engine. */
export type ToEngine =
  /** A worker for plugins, which the engine asked for, has failed. */
  | { readonly type: "guest-failed"; readonly id: number; readonly text: string }
  | { readonly type: "start"; readonly start: EngineStart }
  | { readonly type: "stop"; readonly deadlineMs: number }
  | { readonly type: "reload"; readonly config: Config };

/** From the engine. */
export type FromEngine =
  | { readonly type: "ready" }
  /** Asks for a worker for plugins; the message carries the port on which they will talk. */
  | { readonly type: "open-guest"; readonly id: number }
  | { readonly type: "close-guest"; readonly id: number }
  | { readonly type: "event"; readonly event: EngineEvent }
  | { readonly type: "ended"; readonly end: EngineEnd; readonly stats: QueueStats | null }
  | { readonly type: "failed"; readonly kind: "input" | "fatal" | "defect"; readonly message: string };
