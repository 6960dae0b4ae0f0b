/**
 * The rules that imports keep: floors, rooms, `mod.ts`, private files, plugins, fixtures and cycles.
 *
 * @module
 */

import { dirname, join, normalize } from "node:path/posix";
import type { Import, ImportKind, ParsedModule } from "./imports.ts";

/** Rooms from top to bottom; a room imports lower floors only. */
const FLOORS: readonly (readonly string[])[] = [
  ["main"],
  ["cli"],
  ["engine"],
  ["orchestrator"],
  ["pipeline"],
  ["http"],
  ["plugins", "queue", "limits", "config", "telemetry", "runtime"],
  ["model"],
];

/** The types that authors of plugins see. */
const PLUGIN_API = "src/plugins/api.ts";

/** The demonstration starts the ordinary program. */
const DEMO = "fixtures/demo.ts";
const DEMO_TARGETS: readonly string[] = ["main.ts", "src/cli/mod.ts"];

/** Packages for tests alone: they must not get into the program. */
const DEV_PACKAGES: readonly string[] = ["fast-check"];

/** The modules of the program, of its plugins and of its fixtures by path from the root of the project. */
export type Modules = ReadonlyMap<string, ParsedModule>;

interface Edge {
  readonly from: string;
  /** Path from the root. */
  readonly to: string;
  readonly kind: ImportKind;
}

/** Every breach of the rules, one line each, sorted. */
export function findBreaches(modules: Modules): string[] {
  const breaches: string[] = [];
  const edges: Edge[] = [];

  for (const [from, { imports, reexportsOnly }] of modules) {
    if (from.startsWith("src/") && from.endsWith("/mod.ts") && !reexportsOnly) {
      breaches.push(`${from} does more than re-export`);
    }
    for (const item of imports) {
      const edge = toEdge(from, item);
      const breach = edge === undefined ? packageBreach(from, item) : edgeBreach(edge, modules);
      if (breach !== undefined) breaches.push(breach);
      if (edge !== undefined) edges.push(edge);
    }
  }
  return [...new Set(breaches), ...findCycles(edges).map((cycle) => `cycle: ${cycle.join(" → ")}`)].sort();
}

function toEdge(from: string, { kind, specifier }: Import): Edge | undefined {
  if (kind === "computed" || !/^\.{0,2}\//.test(specifier)) return undefined;
  return { from, to: normalize(join(dirname(from), specifier)), kind };
}

/** What is wrong with an import that names no file of the project. */
function packageBreach(from: string, { kind, specifier }: Import): string | undefined {
  if (from.startsWith("fixtures/")) return undefined;
  if (kind === "computed") return `${from} imports what only a run could tell: ${specifier}`;
  if (from.startsWith("plugins/")) {
    return `${from} imports ${specifier}; a plugin imports types of ${PLUGIN_API} alone`;
  }
  if (DEV_PACKAGES.includes(specifier)) return `${from} imports ${specifier}, which is for tests alone`;
  return undefined;
}

function edgeBreach(edge: Edge, modules: Modules): string | undefined {
  const { from, to, kind } = edge;
  if (from.startsWith("plugins/")) {
    if (to === PLUGIN_API && kind === "type") return undefined;
    return `${from} imports ${to} (${kind}); a plugin imports types of ${PLUGIN_API} alone`;
  }
  if (from.startsWith("fixtures/")) return fixtureBreach(edge);

  const [fromRoom, toRoom] = [roomOf(from), roomOf(to)];
  if (toRoom === undefined) {
    // The first-party plugins are read as text, wherever the program runs.
    if (kind === "url" && /^plugins(\/|$)/.test(to)) return undefined;
    return `${from} imports ${to}, which is not part of the program`;
  }
  if (fromRoom === undefined) return `${from} is in no room of the layout`;
  return privateBreach(edge) ??
    (fromRoom === toRoom ? insideBreach(edge, modules) : acrossBreach(edge, fromRoom, toRoom));
}

function fixtureBreach({ from, to, kind }: Edge): string | undefined {
  if (to.startsWith("fixtures/")) return undefined;
  if (to.startsWith("src/model/") && kind === "type") return undefined;
  if (from === DEMO && DEMO_TARGETS.includes(to)) return undefined;
  return `${from} imports ${to} (${kind}); fixtures know the program by the types of its model alone`;
}

/** `_name.ts` stays inside its folder. */
function privateBreach({ from, to }: Edge): string | undefined {
  const parts = to.split("/");
  const at = parts.findIndex((part) => part.startsWith("_"));
  if (at < 0 || isInside(from, parts.slice(0, at).join("/"))) return undefined;
  return `${from} imports ${to}, which is private to its folder`;
}

function acrossBreach({ from, to }: Edge, fromRoom: string, toRoom: string): string | undefined {
  const [fromFloor, toFloor] = [floorOf(fromRoom), floorOf(toRoom)];
  if (fromFloor < 0) return `${from} is in no room of the layout`;
  if (toFloor < 0) return `${from} imports ${to}, which is in no room of the layout`;
  if (fromFloor === toFloor) return `${from} imports ${to}: ${fromRoom} and ${toRoom} are rooms of one floor`;
  if (fromFloor > toFloor) return `${from} imports ${to}: ${toRoom} lies above ${fromRoom}`;
  if (toRoom === "model" || to === `src/${toRoom}/mod.ts`) return undefined;
  return `${from} imports ${to} past src/${toRoom}/mod.ts`;
}

/** Within a room, a folder that has a `mod.ts` is entered by it; only a worker is started by its own file. */
function insideBreach({ from, to, kind }: Edge, modules: Modules): string | undefined {
  if (kind === "url") return undefined;
  const parts = to.split("/");
  for (let depth = 2; depth < parts.length; depth++) {
    const folder = parts.slice(0, depth).join("/");
    const door = `${folder}/mod.ts`;
    if (!isInside(from, folder) && modules.has(door) && to !== door) {
      return `${from} imports ${to} past ${door}`;
    }
  }
  return undefined;
}

function isInside(path: string, folder: string): boolean {
  return folder === "" || path.startsWith(`${folder}/`);
}

function roomOf(path: string): string | undefined {
  if (path === "main.ts") return "main";
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

function floorOf(room: string): number {
  return FLOORS.findIndex((floor) => floor.includes(room));
}

/** One cycle for each edge that closes one, in the order of a depth-first walk. */
function findCycles(edges: readonly Edge[]): string[][] {
  const next = Map.groupBy(edges, (edge) => edge.from);
  const finished = new Set<string>();
  const trail: string[] = [];
  const cycles: string[][] = [];

  const walk = (path: string) => {
    if (finished.has(path)) return;
    const start = trail.indexOf(path);
    if (start >= 0) {
      cycles.push([...trail.slice(start), path]);
      return;
    }
    trail.push(path);
    for (const to of new Set(next.get(path)?.map((edge) => edge.to))) walk(to);
    trail.pop();
    finished.add(path);
  };
  for (const path of next.keys()) walk(path);
  return cycles;
}
