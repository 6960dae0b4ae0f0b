/**
 * Kills and stops the real program at random moments, and judges what is left:
 *
 *   deno task torture [--kills N] [--seed S]
 *
 * It prints the seed, which replays the sequence of signals, and ends with 1 if anything was lost, done twice, left
 * behind or asked for impolitely.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { BINARY } from "../_support/program.ts";
import { type RoundReport, torture } from "./torture.ts";

/** Enough for the kills that a queue takes before it is drained. */
const WORKS = 96;

const { values } = parseArgs({
  args: Deno.args,
  options: { kills: { type: "string", default: "300" }, seed: { type: "string" } },
});
const kills = Number(values.kills);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed)) {
  console.error("Cannot start: --kills and --seed must be whole numbers, --kills at least 1");
  Deno.exit(2);
}

console.log(`seed ${seed}: deno task torture --kills ${kills} --seed ${seed}`);
const rounds = await torture({
  kills,
  seed,
  works: WORKS,
  // Builds with an SQLite below 3.51.3 refuse a second process.
  processes: BINARY === undefined ? [1, 2] : [1],
  strictHost: true,
  outlasts: BINARY === undefined ? 3 : 0,
  onRound: (round) => {
    console.log(lineOf(round));
    for (const fault of round.faults) console.log(`  ${fault}`);
  },
});
const sum = (of: (round: RoundReport) => number) => rounds.reduce((total, round) => total + of(round), 0);
const faults = sum((round) => round.faults.length);
console.log(
  `${sum(({ blows }) => blows.kill)} kills, ${sum(({ blows }) => blows.terminate)} terminations, ` +
    `${sum(({ blows }) => blows.stall + blows.outlast)} stops; ` +
    `${sum((round) => round.refetches)} files fetched again, ${
      sum((round) => round.inFlightAtKills)
    } in flight ` +
    `at kills; ${faults} faults; ${sum((round) => round.seconds).toFixed(0)} s; seed ${seed}`,
);
Deno.exit(faults > 0 ? 1 : 0);

function lineOf(
  { processes, blows, refetches, inFlightAtKills, pauses, seconds, faults }: RoundReport,
): string {
  return `${processes} process${
    processes > 1 ? "es" : ""
  }: ${blows.kill} kills, ${blows.terminate} terminations, ` +
    `${blows.stall + blows.outlast} stops, ${refetches} of ${inFlightAtKills} in flight fetched again, ` +
    `${pauses} pauses asked for, ${faults.length} faults, ${seconds.toFixed(0)} s`;
}
