/**
 * Keeps one plugin running in its sandbox.
 *
 * @module
 */

import type { Artifact } from "../model/artifact.ts";
import { messageOf } from "../model/errors.ts";
import type { Clock, Logger } from "../model/ports.ts";
import type {
  ResolverAnswer,
  ResolverFetch,
  ResolverFetchResult,
  ResolverRequest,
} from "../model/resolver.ts";
import { readAnswer } from "./answer.ts";
import { CallRequests, type CallStop } from "./call_requests.ts";
import type { PluginSource } from "./plugin_source.ts";
import { redact } from "./redact.ts";
import type { BoundBroken, CallEnd, GuestError, Sandbox, SandboxBounds } from "./sandbox/mod.ts";
import type { SettingValue } from "./setting_value.ts";

/** Options of {@link PluginRunner}. */
export interface PluginRunnerOptions {
  readonly name: string;
  readonly source: PluginSource;
  /** Where it runs, and as which guest. */
  readonly sandbox: Sandbox;
  readonly guest: string;
  readonly bounds: SandboxBounds;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: Readonly<Record<string, SettingValue>>;
  readonly secrets: readonly string[];
  /** Hosts that the plugin may ask, those of its base URLs included. */
  readonly hosts: readonly string[];
}

type Failed = ResolverAnswer & { readonly type: "failed" };

/**
 * A plugin is *asleep* (no guest), *awake* (a guest takes calls) or *left out*. The first call wakes it; a broken
 * bound puts it to sleep, its guest and memory thrown away; the third broken bound leaves it out for good, which is
 * reported once. A guest that goes down with another's worker is asleep again without any blame.
 */
export class PluginRunner {
  readonly #options: PluginRunnerOptions;
  #waking: Promise<Failed | undefined> | undefined;
  #breaks = 0;

  constructor(options: PluginRunnerOptions) {
    this.#options = options;
  }

  /** Counts a broken bound; the sandbox tells of each once. */
  broke(bound: BoundBroken, detail: string): void {
    const { name, bounds, logger } = this.#options;
    this.#breaks++;
    const fields = { plugin: name, bound, detail: this.#redact(detail), breaks: this.#breaks };
    if (this.#breaks < bounds.breaksBeforeLeftOut) {
      logger.warn("A plugin broke a bound and was started anew", fields);
    } else if (this.#breaks === bounds.breaksBeforeLeftOut) {
      logger.error("A plugin broke its bounds too often and is left out for the rest of the run", fields);
    }
  }

  /**
   * Calls `resolve`.
   *
   * @throws {unknown} The signal's reason, if it is aborted.
   */
  async resolve(artifact: Artifact, signal: AbortSignal, fetch: ResolverFetch): Promise<ResolverAnswer> {
    signal.throwIfAborted();
    const { name, guest, bounds, sandbox } = this.#options;
    if (this.#breaks >= bounds.breaksBeforeLeftOut) {
      const detail = `Plugin "${name}" is left out: it broke its bounds ${this.#breaks} times`;
      return { ...this.#failed(detail), isFinal: true };
    }
    const asleep = await this.#wake();
    signal.throwIfAborted();
    if (asleep) return asleep;
    // The guest may have broken a bound between its start and here.
    if (!sandbox.isLoaded(guest)) return this.#failed(`Plugin "${name}" was stopped before the call began`);
    return await this.#call(artifact, signal, fetch);
  }

  /** Loads the guest if there is none; gives what went wrong. Calls that come meanwhile share one start. */
  async #wake(): Promise<Failed | undefined> {
    if (this.#options.sandbox.isLoaded(this.#options.guest)) return undefined;
    this.#waking ??= this.#load().finally(() => this.#waking = undefined);
    return await this.#waking;
  }

  async #load(): Promise<Failed | undefined> {
    const { name, guest, source, sandbox } = this.#options;
    const end = await sandbox.load(guest, source.file, source.source);
    switch (end.type) {
      case "loaded":
        return undefined;
      case "not-loaded":
        return this.#failed(`Plugin "${name}" could not be loaded: ${this.#place(end.error)}`);
      case "lost":
        return this.#failed(`Plugin "${name}" could not be started: ${end.detail}`);
    }
  }

  #call(artifact: Artifact, signal: AbortSignal, fetch: ResolverFetch): Promise<ResolverAnswer> {
    const { name, guest, bounds, clock, hosts, logger, sandbox, settings } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<ResolverAnswer>();
    const onStop = (stop: CallStop) =>
      resolve(stop.type === "failed" ? { ...stop, detail: this.#redact(stop.detail) } : stop);
    const requests = new CallRequests({
      hosts,
      bounds,
      fetch: (request) => this.#fetch(request, fetch),
      onRefused: (why) =>
        logger.warn("A plugin's request was refused", { plugin: name, why: this.#redact(why) }),
      onStop,
    });
    const call = sandbox.call(guest, {
      input: JSON.stringify([artifact, settings]),
      fetch: (request) => requests.fetch(request),
      log: (level, text) => logger[level](this.#redact(text), { plugin: name, artifact: artifact.id }),
    });
    const timer = clock.setTimer(bounds.callWallMs, () => {
      // A closed group is nothing that the plugin could have failed in.
      if (requests.stop) return onStop(requests.stop);
      resolve(this.#failed(`Plugin "${name}" gave no answer within ${bounds.callWallMs} ms`));
    });
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    call.ended.then((end) => this.#answerOf(end)).then(resolve, reject);
    return promise.finally(() => {
      signal.removeEventListener("abort", onAbort);
      timer[Symbol.dispose]();
      requests.end();
      call.drop();
    });
  }

  #answerOf(end: CallEnd): ResolverAnswer {
    const { name } = this.#options;
    switch (end.type) {
      case "answered": {
        const answer = readAnswer(name, end.json);
        return answer.type === "failed" ? this.#failed(answer.detail) : answer;
      }
      case "threw":
        return this.#failed(`Plugin "${name}" threw ${this.#place(end.error)}`);
      case "lost":
        return this.#failed(
          end.by === "broke"
            ? `Plugin "${name}" broke a bound: ${end.detail}`
            : `Plugin "${name}" was stopped: ${end.detail}`,
        );
    }
  }

  /** Performs one request; whatever goes wrong is a failure of the call. */
  async #fetch(request: ResolverRequest, fetch: ResolverFetch): Promise<ResolverFetchResult> {
    const { name, bounds } = this.#options;
    try {
      const result = await fetch(request);
      if (result.type !== "response" || result.response.body.length <= bounds.bodyChars) return result;
      const { host } = new URL(request.url);
      const { length } = result.response.body;
      return this.#failed(`The answer of "${host}" is too large for plugin "${name}": ${length} characters`);
    } catch (thrown) {
      return this.#failed(`Cannot fetch for plugin "${name}": ${messageOf(thrown)}`);
    }
  }

  #failed(detail: string): Failed {
    return { type: "failed", reason: "resolver-failed", detail: this.#redact(detail) };
  }

  #place({ name, message, line }: GuestError): string {
    const what = name ? `${name}: ${message}` : message;
    return line === undefined ? what : `${what} (${this.#options.source.file}:${line})`;
  }

  #redact(text: string): string {
    return redact(text, this.#options.secrets);
  }
}
