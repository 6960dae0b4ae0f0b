/// <reference lib="deno.unstable" />
/**
 * Lint rule: time, chance, the environment and the network are met only in the rooms that own them. Everywhere else
 * they are handed in, so that a simulation can replace them and a confined worker need not hold them.
 *
 * @module
 */

import { readsGlobal } from "./_references.ts";

/** A room and the ambient powers that only its files may use. */
interface Owner {
  readonly room: string;
  readonly globals: readonly string[];
  /** Properties by the global object that has them. */
  readonly members: Readonly<Record<string, readonly string[]>>;
  /** Exports by built-in module; `*` stands for the whole module. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
}

const OWNERS: readonly Owner[] = [
  {
    room: "src/runtime",
    globals: ["setTimeout", "setInterval"],
    members: {
      AbortSignal: ["timeout"],
      Date: ["now"],
      Math: ["random"],
      crypto: ["getRandomValues", "randomUUID"],
      performance: ["now", "timeOrigin"],
    },
    imports: {
      "node:crypto": ["getRandomValues", "randomBytes", "randomInt", "randomUUID"],
      "node:perf_hooks": ["*"],
      "node:timers": ["*"],
      "node:timers/promises": ["*"],
    },
  },
  {
    room: "src/http",
    globals: ["EventSource", "WebSocket", "XMLHttpRequest", "fetch"],
    members: { Deno: ["connect", "connectTls", "createHttpClient", "resolveDns", "startTls"] },
    imports: {
      "node:dns": ["*"],
      "node:dns/promises": ["*"],
      "node:http": ["*"],
      "node:http2": ["*"],
      "node:https": ["*"],
      "node:net": ["*"],
      "node:tls": ["*"],
    },
  },
  {
    room: "src/config",
    globals: [],
    members: { Deno: ["env"], process: ["env"] },
    imports: { "node:process": ["env"] },
  },
];

/** What the rule holds for; tests, fixtures and tools may use what they like. */
const PROGRAM = /^(main\.ts$|src\/|plugins\/)/;

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

function create(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const path = context.filename.replaceAll("\\", "/").replace(ROOT, "");
  if (!PROGRAM.test(path)) return {};
  const strange = OWNERS.filter((owner) => !path.startsWith(`${owner.room}/`));
  const reported = new Set<number>();

  const report = (node: Deno.lint.Node, what: string, room: string) => {
    // A shorthand property is visited as key and as value.
    if (reported.has(node.range[0])) return;
    reported.add(node.range[0]);
    context.report({
      node,
      message: `${what} belongs to ${room}`,
      hint: room === "src/runtime"
        ? "Take the injected Clock or Random"
        : `Let ${room} hand in what is needed`,
    });
  };

  const checkMember = (node: Deno.lint.Node, object: string, property: string) => {
    for (const { room, globals, members } of strange) {
      const forbidden = object === "globalThis" || object === "self" ? globals : members[object];
      if (forbidden?.includes(property)) report(node, `${object}.${property}`, room);
    }
  };

  const checkDate = (node: Deno.lint.NewExpression | Deno.lint.CallExpression) => {
    if (node.callee.type !== "Identifier" || node.callee.name !== "Date") return;
    if (node.type === "NewExpression" && node.arguments.length > 0) return;
    const owner = strange.find(({ members }) => Object.hasOwn(members, "Date"));
    if (owner) report(node, node.type === "NewExpression" ? "new Date()" : "Date()", owner.room);
  };

  return {
    Identifier(node) {
      const owner = strange.find(({ globals }) => globals.includes(node.name));
      if (owner && readsGlobal(node, context.sourceCode.getAncestors(node))) {
        report(node, node.name, owner.room);
      }
    },
    MemberExpression(node) {
      const object = objectName(node.object);
      const property = propertyName(node.property, node.computed);
      if (object !== undefined && property !== undefined) checkMember(node, object, property);
    },
    VariableDeclarator(node) {
      if (node.id.type !== "ObjectPattern" || node.init === null) return;
      const object = objectName(node.init);
      if (object === undefined) return;
      for (const property of node.id.properties) {
        if (property.type !== "Property") continue;
        const name = propertyName(property.key, property.computed);
        if (name !== undefined) checkMember(property, object, name);
      }
    },
    NewExpression: checkDate,
    CallExpression: checkDate,
    ImportDeclaration(node) {
      if (node.importKind === "type") return;
      for (const { room, imports } of strange) {
        const forbidden = imports[node.source.value];
        if (forbidden === undefined) continue;
        if (forbidden.includes("*")) return report(node, node.source.value, room);
        for (const specifier of node.specifiers) {
          if (specifier.type !== "ImportSpecifier" || specifier.importKind === "type") continue;
          const name = specifier.imported.type === "Identifier"
            ? specifier.imported.name
            : specifier.imported.value;
          if (forbidden.includes(name)) report(specifier, `${node.source.value} ${name}`, room);
        }
      }
    },
  };
}

/** `X` and `globalThis.X` as `X`. */
function objectName(node: Deno.lint.Node): string | undefined {
  if (node.type === "Identifier") return node.name;
  if (node.type !== "MemberExpression" || objectName(node.object) !== "globalThis") return undefined;
  return propertyName(node.property, node.computed);
}

/** `p` of `.p`, `["p"]`, `{ p }` and `{ "p": x }`; absent where it is computed at run time or private. */
function propertyName(node: Deno.lint.Node, computed: boolean): string | undefined {
  if (node.type === "Identifier") return computed ? undefined : node.name;
  return node.type === "Literal" && typeof node.value === "string" ? node.value : undefined;
}

/** The lint plugin that deno.json names. */
const plugin: Deno.lint.Plugin = { name: "contentdownload", rules: { "no-ambient": { create } } };
export default plugin;
