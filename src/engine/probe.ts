/**
 * Tries what the engine must not be able to do, from inside the engine, and tells how each attempt ended: so an operator
 * can see that the walls stand on this machine, with this configuration and this build.
 *
 * @module
 */

import type { Config } from "../config/mod.ts";
import { messageOf } from "../model/errors.ts";
import type { EngineEvent } from "./protocol.ts";

/** A host that no list of allowed hosts has (RFC 2606), and a port that nobody listens on. */
const FOREIGN_HOST = "probe.invalid";

/** Makes each attempt and reports it. */
export async function probe(config: Config, onEvent: (event: EngineEvent) => void): Promise<void> {
  const attempts: [string, () => unknown][] = [
    [
      "read a file outside the data directories",
      () => Deno.readTextFile(Deno.build.os === "windows" ? "C:\\Windows\\win.ini" : "/etc/hostname"),
    ],
    ["write a file outside the data directories", () => Deno.writeTextFile("/contentdownload-probe", "")],
    ["read an environment variable", readEnvironment],
    ["start a process", () => new Deno.Command("true").output()],
    ["load a native library", () => Deno.dlopen("libc.so.6", {})],
    ["ask for the host name", () => Deno.hostname()],
  ];
  if (config.network.allow_net.length > 0) {
    attempts.push([
      "connect to a host that is not allowed",
      // deno-lint-ignore contentdownload/no-ambient -- that it cannot be reached is the point
      () => Deno.connect({ hostname: FOREIGN_HOST, port: 80 }),
    ]);
  }
  for (const [attempt, make] of attempts) {
    onEvent({ type: "probed", attempt, refusal: await refusalOf(make) });
  }
}

/** Under `--ignore-env` of the operator's own `deno run` a variable reads as unset; no one is told more than by a refusal. */
function readEnvironment(): string {
  // deno-lint-ignore contentdownload/no-ambient -- that it cannot be read is the point
  const value = Deno.env.get("PATH");
  if (value === undefined) throw new Deno.errors.NotCapable("Every environment variable reads as unset");
  return value;
}

/** Deno's words if it refuses; `null` if the attempt got through to the system, whatever came of it there. */
export async function refusalOf(make: () => unknown): Promise<string | null> {
  try {
    await make();
    return null;
  } catch (error) {
    return error instanceof Deno.errors.NotCapable ? messageOf(error) : null;
  }
}
