import assert from "node:assert/strict";
import type { ResolverAnswer } from "../../src/model/resolver.ts";
import type { PluginRegistry } from "../../src/plugins/mod.ts";
import { type Attack, ATTACKS, LOADS } from "./_attacks.ts";
import {
  answering,
  ask,
  failureOf,
  GOOD,
  type KeepingLogger,
  keepingLogger,
  openShared,
  openTexts,
  pluginText,
} from "./_opened.ts";

/** Small enough that a test that waits for them stays short, large enough for a busy machine. */
const TIGHT = { entryCpuMs: 500, callWallMs: 3_000, unresponsiveMs: 5_000, memoryBytes: 32 * 1024 * 1024 };

/** Asks one attacker, beside a neighbour that works, and once more. */
async function attack(
  registry: PluginRegistry,
  logger: KeepingLogger,
  name: string,
  { says, breaks }: Attack,
): Promise<void> {
  const [answer, neighbour] = await Promise.all([ask(registry, name), ask(registry, "good")]);
  assert.match(failureOf(answer), says);
  assert.equal(neighbour.type, "found", "the neighbour goes on");
  const reported = logger.lines.filter((line) => line.fields["plugin"] === name && line.fields["bound"]);
  if (breaks) assert.equal(reported.length, 1, "the broken bound is reported once");
  // One that only failed is there for the next work, and fails the same way.
  if (!breaks) assert.match(failureOf(await ask(registry, name)), says);
  assert.equal((await ask(registry, "good")).type, "found");
}

Deno.test("hostile plugins that share a worker are contained", async (t) => {
  const logger = keepingLogger();
  const texts = ATTACKS.map(({ body }, index) => [`a${index}.js`, pluginText(`a${index}`, body)]);
  await using registry = await openShared({ ...Object.fromEntries(texts), "good.js": GOOD }, {
    bounds: TIGHT,
    logger,
  });
  for (const [index, one] of ATTACKS.entries()) {
    await t.step(`one that ${one.name}`, () => attack(registry, logger, `a${index}`, one));
  }
});

Deno.test("hostile plugins with workers of their own are contained", async (t) => {
  const names = ["loops after an await", "fills buffers", "recurses deeply"];
  for (const one of ATTACKS.filter(({ name }) => names.includes(name))) {
    await t.step(`one that ${one.name}`, async () => {
      const logger = keepingLogger();
      await using registry = await openTexts({ "a.js": pluginText("a", one.body), "good.js": GOOD }, {
        bounds: TIGHT,
        logger,
      });
      await attack(registry, logger, "a", one);
    });
  }
});

Deno.test("a plugin that cannot be loaded is reported and left out", async (t) => {
  const texts = LOADS.map(([, text], index) => [`a${index}.js`, text]);
  await using registry = await openTexts({ ...Object.fromEntries(texts), "good.js": GOOD }, {
    bounds: TIGHT,
  });
  assert.deepEqual(registry.resolvers.map((resolver) => resolver.name), ["good"]);
  assert.equal((await ask(registry, "good")).type, "found");
  for (const [index, [name, , says]] of LOADS.entries()) {
    await t.step(`one that ${name}`, () => {
      const broken = registry.broken.find(({ file }) => file === `a${index}.js`);
      assert.match(broken?.problem ?? "", says);
      assert.ok(broken?.problem.startsWith(`Cannot use plugin "a${index}.js"`));
    });
  }
});

Deno.test("a plugin that breaks three bounds is left out for the run, and that is said once", async () => {
  const logger = keepingLogger();
  await using registry = await openTexts({ "hostile.js": pluginText("hostile", "for (;;);") }, {
    bounds: { ...TIGHT, entryCpuMs: 250 },
    logger,
  });
  for (let time = 0; time < 3; time++) {
    assert.match(failureOf(await ask(registry, "hostile")), /computed for more/);
  }
  for (let time = 0; time < 2; time++) {
    const answer = await ask(registry, "hostile");
    assert.match(failureOf(answer), /is left out/);
    assert.ok(answer.type === "failed" && answer.isFinal);
  }
  const errors = logger.lines.filter((line) => line.level === "error");
  assert.deepEqual(errors.map((line) => line.fields["plugin"]), ["hostile"]);
});

Deno.test("several calls that go down with one broken bound count as one break", async () => {
  const body =
    `if (artifact.ids.doi === "10.1234/a") { await ctx.fetch("https://api.example.org/"); for (;;); }
    await ctx.fetch("https://api.example.org/slow"); return { candidates: [] };`;
  const logger = keepingLogger();
  await using registry = await openTexts({ "hostile.js": pluginText("hostile", body) }, {
    bounds: TIGHT,
    logger,
  });
  const never = () => new Promise<never>(() => {});
  const others = ["b", "c", "d"].map((suffix) =>
    ask(registry, "hostile", never, { id: `doi:10.1234/${suffix}`, ids: { doi: `10.1234/${suffix}` } })
  );
  const answers = await Promise.all([ask(registry, "hostile"), ...others]);
  for (const answer of answers) assert.match(failureOf(answer), /broke a bound/);
  const broke = logger.lines.filter((line) => line.message.startsWith("A plugin broke a bound"));
  assert.deepEqual(broke.map((line) => line.fields["breaks"]), [1]);
});

Deno.test("a flood of log lines is cut, and long lines too", async () => {
  const logger = keepingLogger();
  const body = `for (let i = 0; i < 2000; i++) ctx.log("x".repeat(5000)); return { candidates: [] };`;
  await using registry = await openTexts({ "chatty.js": pluginText("chatty", body) }, { logger });
  assert.equal((await ask(registry, "chatty")).type, "found");
  const lines = logger.lines.filter((line) => line.fields["plugin"] === "chatty");
  assert.equal(lines.length, 101);
  assert.match(lines.at(-1)?.message ?? "", /the rest is dropped/);
  assert.equal(lines[0]?.message.length, 2001);
});

Deno.test("a flood of requests is refused after fifty", async () => {
  const body = `const all = await Promise.allSettled(Array.from({ length: 80 }, (_, i) =>
      ctx.fetch("https://api.example.org/" + i)));
    const refused = all.filter((one) => one.status === "rejected");
    throw new Error(refused.length + " " + refused[0].reason.message);`;
  let sent = 0;
  await using registry = await openTexts({ "eager.js": pluginText("eager", body) });
  const answer: ResolverAnswer = await ask(registry, "eager", (request) => {
    sent++;
    return answering("{}")(request);
  });
  assert.match(failureOf(answer), /30 Cannot fetch: a call may send at most 50 requests/);
  assert.equal(sent, 50);
});

/** Loops of the interpreter's own, which never look whether they are interrupted. */
const DEAF_LOOPS = [
  "new Array(2 ** 32 - 1).indexOf(1);",
  "Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1);",
  "new Array(2 ** 32 - 1).sort();",
  `"a".repeat(1e7).indexOf("a".repeat(5e6) + "b");`,
];

Deno.test("a guest in a loop that cannot be interrupted is destroyed, and its neighbours keep their state", async (t) => {
  const counting = pluginText(
    "counting",
    `return { candidates: [{ url: "https://example.org/" + ++calls, kind: "pdf" }] };`,
    "",
    "let calls = 0;",
  );
  const logger = keepingLogger();
  const texts = DEAF_LOOPS.map((body, index) => [`a${index}.js`, pluginText(`a${index}`, body)]);
  await using registry = await openShared({ ...Object.fromEntries(texts), "counting.js": counting }, {
    bounds: { ...TIGHT, unresponsiveMs: 600 },
    logger,
  });
  for (const [index, body] of DEAF_LOOPS.entries()) {
    await t.step(body, async () => {
      const [answer, neighbour] = await Promise.all([ask(registry, `a${index}`), ask(registry, "counting")]);
      assert.match(failureOf(answer), /kept the sandbox busy for 600 ms/);
      assert.ok(neighbour.type === "found");
      // The count goes on, so its guest and the worker are the same as before.
      assert.equal(neighbour.candidates[0]?.url, `https://example.org/${index + 1}`);
    });
  }
  assert.deepEqual(logger.lines.map((line) => line.fields["bound"]), DEAF_LOOPS.map(() => "unresponsive"));
});

Deno.test("a call ends by the host's clock while its fetch goes on", async () => {
  await using registry = await openTexts({
    "slow.js": pluginText("slow", `await ctx.fetch("https://api.example.org/"); return { candidates: [] };`),
  }, { bounds: { callWallMs: 200 } });
  assert.match(
    failureOf(await ask(registry, "slow", () => new Promise(() => {}))),
    /gave no answer within 200 ms/,
  );
});

Deno.test("memory falls back after memory bombs", async (t) => {
  for (const origin of ["shared", "own"]) {
    await t.step(`in ${origin} workers`, async () => {
      // A process of its own: other tests run in this one at the same time.
      const script = new URL("./_memory_bombs.ts", import.meta.url);
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-prompt", "--no-check", "-A", script.href, origin],
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const grownMib = Number(new TextDecoder().decode(stdout));
      // 18 bombs of 64 MiB are 1,152 MiB.
      assert.ok(grownMib < 600, `memory grew by ${grownMib} MiB`);
    });
  }
});
