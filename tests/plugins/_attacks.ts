import { GOOD, pluginText } from "./_opened.ts";

/** What a hostile `resolve` must end as: what its failure says, or the value it could learn at most. */
export interface Attack {
  readonly name: string;
  readonly body: string;
  readonly says: RegExp;
  /** Whether it breaks a bound, so that its guest is thrown away. */
  readonly breaks?: true | undefined;
}

/** Calls something that must throw, and tells what was thrown. */
const reports = (expression: string) =>
  `try { await (${expression}); } catch (e) { throw new Error("kept out: " + e); }`;

/** What a hostile `resolve` can try. */
export const ATTACKS: readonly Attack[] = [
  { name: "reads a file", body: reports(`Deno.readTextFile("/etc/passwd")`), says: /Deno'? is not defined/ },
  { name: "asks for a process", body: reports("process.env.HOME"), says: /process'? is not defined/ },
  { name: "requires a module", body: reports(`require("node:fs")`), says: /require'? is not defined/ },
  {
    name: "uses the global fetch",
    body: reports(`fetch("http://127.0.0.1/")`),
    says: /fetch'? is not defined/,
  },
  { name: "posts to the worker", body: reports("self.postMessage(1)"), says: /self'? is not defined/ },
  { name: "starts a worker", body: reports(`new Worker("data:,1")`), says: /Worker'? is not defined/ },
  { name: "sets a timer", body: reports("setTimeout(() => {}, 1)"), says: /setTimeout'? is not defined/ },
  {
    name: "fetches another host",
    body: reports(`ctx.fetch("https://other.example/")`),
    says: /does not declare this host/,
  },
  {
    name: "fetches a file",
    body: reports(`ctx.fetch("file:///etc/passwd")`),
    says: /no absolute http or https URL/,
  },
  {
    name: "fetches data",
    body: reports(`ctx.fetch("data:text/plain,1")`),
    says: /no absolute http or https URL/,
  },
  {
    name: "hides a host in credentials",
    body: reports(`ctx.fetch("https://api.example.org@other.example/")`),
    says: /holds credentials/,
  },
  { name: "imports a built-in", body: reports(`import("node:fs")`), says: /Cannot import "node:fs"/ },
  { name: "imports a file", body: reports(`import("/etc/passwd")`), says: /Cannot import "\/etc\/passwd"/ },
  {
    name: "imports JSON",
    body: reports(`import("./deno.json", { with: { type: "json" } })`),
    says: /Cannot import|kept out/,
  },
  { name: "imports by URL", body: reports(`import("https://example.org/x.js")`), says: /Cannot import/ },
  {
    name: "imports a data URL",
    body: reports(`import("data:text/javascript,export default 1")`),
    says: /Cannot import/,
  },
  { name: "imports in eval", body: reports(`eval('import("node:fs")')`), says: /Cannot import/ },
  {
    name: "imports in a Function",
    body: reports(`new Function('return import("node:fs")')()`),
    says: /Cannot import/,
  },
  { name: "loops for ever", body: "for (;;);", says: /computed for more than 500 ms/, breaks: true },
  {
    name: "loops and catches its interruption",
    body: "for (;;) { try { for (;;); } catch {} finally { continue; } }",
    says: /computed for more than 500 ms/,
    breaks: true,
  },
  {
    name: "loops after an await",
    body: `await ctx.fetch("https://api.example.org/"); for (;;);`,
    says: /computed for more than 500 ms/,
    breaks: true,
  },
  {
    name: "floods microtasks",
    body: "const again = () => Promise.resolve().then(again); again(); await new Promise(() => {});",
    says: /computed for more than 500 ms|memory/,
    breaks: true,
  },
  {
    name: "loops in a getter of its result",
    body: "return { get candidates() { for (;;); } };",
    says: /computed for more than 500 ms/,
    breaks: true,
  },
  {
    name: "loops in toJSON",
    body: "return { candidates: [], toJSON() { for (;;); } };",
    says: /computed for more than 500 ms/,
    breaks: true,
  },
  {
    name: "loops in then",
    body: "return { then() { for (;;); } };",
    says: /computed for more than 500 ms/,
    breaks: true,
  },
  {
    name: "loops in the text of its error",
    body: "throw { toString() { for (;;); }, toJSON() { for (;;); } };",
    says: /computed for more than 500 ms/,
    breaks: true,
  },
  {
    name: "matches a catastrophic expression",
    body: `/^(a+)+$/.test("a".repeat(40) + "!"); return { candidates: [] };`,
    says: /computed for more than 500 ms|kept the sandbox busy/,
    breaks: true,
  },
  {
    name: "fills the heap",
    body: "const all = []; for (;;) all.push({ a: [1, 2, 3] });",
    says: /memory|computed for more/,
    breaks: true,
  },
  {
    name: "fills the heap with strings",
    body: "let s = 'x'; for (;;) s = s + s;",
    says: /memory|string too long|computed for more/,
  },
  {
    name: "fills buffers",
    body: "const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1));",
    says: /memory/,
    breaks: true,
  },
  {
    name: "asks for a huge buffer",
    body: "new ArrayBuffer(2 ** 31);",
    says: /memory|invalid array buffer length/,
  },
  {
    name: "recurses deeply",
    body: "const down = (n) => 1 + down(n + 1); return down(0);",
    says: /stack overflow|Maximum call stack/,
  },
  {
    name: "recurses through JSON",
    body: "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return { candidates: a };",
    says: /stack overflow|memory|Maximum call stack|computed for more/,
  },
  {
    name: "recurses through a proxy",
    body: "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.x;",
    says: /stack overflow|memory|Maximum call stack|computed for more/,
  },
  {
    name: "returns 100 MB",
    body: "return { candidates: [{ url: 'https://example.org/' + 'x'.repeat(1e8), kind: 'pdf' }] };",
    says: /memory/,
    breaks: true,
  },
  {
    name: "returns 2 MB",
    body: "return { candidates: [{ url: 'https://example.org/' + 'x'.repeat(2e6), kind: 'pdf' }] };",
    says: /its answer has \d+ characters where 1048576 are allowed/,
    breaks: true,
  },
  {
    name: "returns a million candidates",
    body: "return { candidates: Array(1e4).fill({ url: 'https://example.org/', kind: 'pdf' }) };",
    says: /candidates/,
  },
  { name: "throws null", body: "throw null;", says: /threw null/ },
  { name: "throws undefined", body: "throw undefined;", says: /threw undefined/ },
  { name: "throws a symbol", body: "throw Symbol('s');", says: /Symbol\(s\)/ },
  { name: "throws a bigint", body: "throw 10n;", says: /threw 10/ },
  {
    name: "throws a revoked proxy",
    body: "const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy;",
    says: /threw/,
  },
  { name: "throws a huge message", body: "throw new Error('x'.repeat(1e6));", says: /^.{0,3000}$/s },
  {
    name: "throws an error whose fields throw",
    body: "const e = new Error(); Object.defineProperty(e, 'message', { get() { throw 1; } }); throw e;",
    says: /cannot be turned into text/,
  },
  { name: "never settles", body: "await new Promise(() => {});", says: /can never settle/ },
  { name: "returns nothing", body: "", says: /Cannot use the answer of plugin "a\d+"/ },
  { name: "returns a function", body: "return () => 1;", says: /Cannot use the answer/ },
  { name: "returns a bigint", body: "return { candidates: 1n };", says: /BigInt|Cannot use/ },
  { name: "returns a cycle", body: "const a = { candidates: [] }; a.a = a; return a;", says: /circular/ },
  {
    name: "pollutes prototypes by its answer",
    body:
      `return JSON.parse('{"candidates":[],"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');`,
    says: /unknown field/,
  },
  {
    name: "replaces the built-ins of the bridge",
    body:
      `JSON.stringify = () => '{"candidates":"forged"}'; JSON.parse = () => 1; Promise.prototype.then = null;
      Array.prototype.push = null; Map.prototype.get = () => () => 1; throw new Error("still here");`,
    says: /still here|can never settle/,
  },
  {
    name: "answers for another call",
    body:
      `for (let i = 0; i < 100; i++) console.log("x"); throw new Error("no way to the bridge: " + typeof askWorker);`,
    says: /no way to the bridge: undefined/,
  },
  {
    name: "makes the bridge ask for null",
    body:
      `Array.prototype.toJSON = function () { return this[1]?.url ? { 0: this[0], 1: null } : { ...this }; };
      ${reports(`ctx.fetch("https://api.example.org/")`)}`,
    says: /kept out: TypeError: Cannot fetch anything: what was asked for is no request/,
  },
  {
    name: "makes the bridge ask for nothing",
    body: `Array.prototype.toJSON = function () { return this[1]?.url ? { 0: this[0] } : { ...this }; };
      ${reports(`ctx.fetch("https://api.example.org/")`)}`,
    says: /kept out: TypeError: Cannot fetch anything: what was asked for is no request/,
  },
  {
    name: "makes the bridge ask for a URL that is a number",
    body: `Object.prototype.toJSON = function () { return this.url && this.headers ? { url: 5 } : this; };
      ${reports(`ctx.fetch("https://api.example.org/")`)}`,
    says: /kept out: TypeError: Cannot fetch anything: what was asked for is no request/,
  },
  {
    name: "makes the bridge answer what is no JSON",
    body: `Array.prototype.toJSON = function () { return { 0: this[0], 1: "no JSON" }; }; return {};`,
    says: /Cannot use the answer of plugin "a\d+": it is no JSON/,
  },
  {
    name: "makes up the place of its error",
    body: String
      .raw`const e = new Error("nowhere"); e.stack = "at a (" + /a\d+\.js/.exec(e.stack) + ":0:0)"; throw e;`,
    says: /threw Error: nowhere/,
  },
  { name: "exits by os", body: reports(`std.exit(1)`), says: /std'? is not defined/ },
];

/** Sources that do their harm while they are loaded. */
export const LOADS: readonly (readonly [name: string, text: string, says: RegExp])[] = [
  ["loops at its top level", "for (;;);", /computed for more than 500 ms/],
  ["fills memory at its top level", "const all = []; for (;;) all.push(new Uint8Array(1e6));", /memory/],
  ["imports statically", `import fs from "node:fs"; ${GOOD}`, /Cannot import "node:fs"/],
  [
    "imports a file as text",
    `import text from "/etc/passwd" with { type: "text" }; ${GOOD}`,
    /line 1|Cannot import/,
  ],
  ["exports from elsewhere", `export * from "./other.ts"; ${GOOD}`, /Cannot import "\.\/other\.ts"/],
  ["awaits at its top level", `await new Promise(() => {}); ${GOOD}`, /top level awaits something/],
  ["throws at its top level", `\nthrow new Error("no");`, /line 2: Error: no/],
  [
    "throws several lines",
    `throw new Error("no\\ncontentdownload: all is well");`,
    /: Error: no contentdownload: all/,
  ],
  ["is no JavaScript", "\n\nlet 1 = 2;", /line 3: SyntaxError/],
  ["exports nothing", "const a = 1;", /no default export/],
  ["exports null", "export default null;", /no default export/],
  ["has no resolve", "export default { name: 'x' };", /no function resolve/],
  [
    "has a getter that loops",
    "export default { resolve() {}, get name() { for (;;); } };",
    /computed for more/,
  ],
  [
    "has a manifest of 2 MB",
    `${pluginText("big", "", "description: 'x'.repeat(2e6),")}`,
    /2000\d{3} characters/,
  ],
  ["has a bad name", GOOD.replace(`"good"`, `"../x"`), /name must be in snake case/],
  ["has a bad host", GOOD.replace("api.example.org", "https://x/"), /hosts\[0\] is "https:\/\/x\/"/],
  [
    "has a name that every object has",
    GOOD.replace(`"good"`, `"constructor"`),
    /name must not be a name that every object has/,
  ],
  [
    "has a setting that every object has",
    pluginText("a", "", "settings: { constructor: { type: 'string' } },"),
    /constructor .*must not be a name that every object has|settings.constructor/,
  ],
  [
    "has a default that is no URL",
    pluginText("a", "", "settings: { base_url: { type: 'url', default: 'nonsense' } },"),
    /settings\.base_url has a default that is not an absolute http or https URL/,
  ],
  [
    "has a default of another type",
    pluginText("a", "", "settings: { key: { type: 'number', default: '1' } },"),
    /settings\.key has a default that is not a number/,
  ],
  ["accepts nothing", GOOD.replace(`["doi"]`, "[]"), /accepts/],
];
