/**
 * Runs the engine under the operator's eyes and signals.
 *
 * @module
 */

import { type EngineEvent, type EngineStart, startEngine } from "../../engine/mod.ts";
import { InputError } from "../../model/errors.ts";
import { onHangup, onStopSignals, type StopSignal } from "../../runtime/mod.ts";
import type { CommandContext } from "../action.ts";
import { complain } from "../complain.ts";
import { restartKeys } from "./restart_keys.ts";

/** How a run ended. */
export interface RunEnd {
  /** The signal that stopped it; `null` if it came to its end. */
  readonly signal: StopSignal | null;
  /** Whether a second signal cut it off. */
  readonly cutOff: boolean;
}

/** What {@linkcode runEngine} needs. */
export interface RunEngineOptions {
  readonly start: EngineStart;
  readonly onEvent: (event: EngineEvent) => void;
  /** Reads the configuration again, at SIGHUP; its limits are taken over. @default SIGHUP ends the program */
  readonly reload?: () => Promise<EngineStart["config"]>;
}

/**
 * Runs the engine to its end. The first SIGINT or SIGTERM lets running artifacts end within the configured deadline and
 * gives the rest back; a second one cuts everything off, and what was leased then returns to the queue by itself.
 */
export async function runEngine(context: CommandContext, options: RunEngineOptions): Promise<RunEnd> {
  const { start, onEvent, reload } = options;
  const deadlineMs = start.config.orchestrator.stop_deadline_seconds * 1000;
  using engine = startEngine(start, onEvent);
  const cutOff = Promise.withResolvers<StopSignal>();
  let stoppedBy: StopSignal | null = null;
  using _stop = onStopSignals((signal, count) => {
    if (count > 1) return cutOff.resolve(signal);
    stoppedBy = signal;
    say(
      context,
      `Stopping: running artifacts have ${deadlineMs / 1000} s to end; a second ${signal} stops at once`,
    );
    engine.stop(deadlineMs);
  });
  using _hangup = reload && onHangup(async () => {
    try {
      const config = await reload();
      engine.reload(config);
      const keys = restartKeys(start.config, config);
      const rest = keys.length > 0 ? `; a restart is needed for ${keys.join(", ")}` : "";
      say(context, `The limits in the configuration were read again${rest}`);
    } catch (error) {
      // A run of days must not end by a slip of the pen.
      if (!(error instanceof InputError)) throw error;
      say(context, `The configuration stays as it was. ${error.message}`);
    }
  });
  const cut = await Promise.race([engine.ended.then(() => null), cutOff.promise]);
  return { signal: cut ?? stoppedBy, cutOff: cut !== null };
}

function say({ stderr, global }: CommandContext, text: string): void {
  if (!global.quiet) complain(stderr, text);
}
