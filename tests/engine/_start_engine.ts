/** Starts the engine of the command and the configuration in its argument, and prints what happens, a JSON value a line. */

import { type EngineStart, startEngine } from "../../src/engine/mod.ts";

const print = (value: unknown) => console.log(JSON.stringify(value));
try {
  const [argument = ""] = Deno.args;
  const start: EngineStart = JSON.parse(argument);
  using run = startEngine(start, print);
  const { end } = await run.ended;
  print({ type: "ended", end });
} catch (error) {
  if (!(error instanceof Error)) throw error;
  print({ type: "threw", name: error.name, message: error.message });
}
