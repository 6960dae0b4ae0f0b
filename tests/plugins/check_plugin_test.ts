import assert from "node:assert/strict";
import { checkPlugin } from "../../src/plugins/mod.ts";
import { SystemClock } from "../../src/runtime/mod.ts";
import { external, GOOD } from "./_opened.ts";

const clock = new SystemClock();

Deno.test("checkPlugin() gives the manifest of a plugin that can be used", async () => {
  const { manifest, problems } = await checkPlugin(await external("good.js", GOOD), { clock });
  assert.deepEqual(problems, []);
  assert.deepEqual(manifest, {
    name: "good",
    version: "1.0.0",
    hosts: ["api.example.org"],
    tier: 1,
    accepts: ["doi"],
    limits: {},
    sharedHosts: [],
    refusals: [],
    settings: {},
  });
});

Deno.test("checkPlugin() takes variables that bear the plugin's or the program's name", async () => {
  for (const env of ["GOOD_KEY", "CONTENTDOWNLOAD_KEY"]) {
    const text = GOOD.replace("tier: 1", `tier: 1, settings: { a: { type: "string", env: "${env}" } }`);
    assert.deepEqual((await checkPlugin(await external("good.js", text), { clock })).problems, []);
  }
});

Deno.test("checkPlugin() says what is wrong and where", async (t) => {
  const cases: readonly (readonly [file: string, text: string, message: RegExp, line: number | undefined])[] =
    [
      ["a.ts", "enum A { B }\nexport default {};", /enum is not supported/, 1],
      ["a.ts", "\n\nconst a: = 1;", /SyntaxError/, 3],
      ["a.js", "\nconst a: string = 1;", /SyntaxError/, 2],
      ["a.js", "\n\n\nnull.x;", /TypeError: cannot read property/, 4],
      ["a.js", `import "node:fs";`, /Cannot import "node:fs"/, undefined],
      ["a.js", GOOD.replace("tier: 1", `tier: "1"`), /tier is invalid: expected number/, undefined],
      ["a.js", GOOD.replace("tier: 1", "tier: 1, limits: { rates: ['1 per s'] }"), /limits/, undefined],
      [
        "a.js",
        GOOD.replace("tier: 1", "tier: 1, limits: [{ when: ['key'] }]"),
        /limits name "key", which is no setting of it/,
        undefined,
      ],
      [
        "a.js",
        GOOD.replace("tier: 1", "tier: 1, settings: { tier: { type: 'string' } }"),
        /belong to the host/,
        undefined,
      ],
      [
        "a.js",
        GOOD.replace("tier: 1", "tier: 1, settings: { a: { type: 'number', default: 'x' } }"),
        /settings\.a has a default that is not a number/,
        undefined,
      ],
      ...["AWS_SECRET_ACCESS_KEY", "GOODNESS", "CONTENTDOWNLOAD_RESOLVERS__OPENALEX__API_KEY"].map((env) =>
        [
          "a.js",
          GOOD.replace("tier: 1", `tier: 1, settings: { a: { type: 'string', env: '${env}' } }`),
          new RegExp(`settings\\.a\\.env is "${env}": it must begin with "GOOD_" or "CONTENTDOWNLOAD_"`),
          undefined,
        ] as const
      ),
    ];
  for (const [file, text, message, line] of cases) {
    await t.step(text.slice(0, 60), async () => {
      const { manifest, problems: [problem] } = await checkPlugin(await external(file, text), { clock });
      assert.equal(manifest, undefined);
      assert.match(problem?.message ?? "", message);
      assert.equal(problem?.line, line);
    });
  }
});

Deno.test("checkPlugin() evaluates no plugin that is too large, and tells in one line what a plugin throws", async () => {
  const problemOf = async (text: string, sourceChars: number) => {
    const { problems } = await checkPlugin(await external("a.js", text), { clock, bounds: { sourceChars } });
    return problems.map(({ message }) => message);
  };
  assert.deepEqual(await problemOf(GOOD, GOOD.length), []);
  assert.deepEqual(await problemOf(GOOD, GOOD.length - 1), [
    `it has ${GOOD.length} characters where ${GOOD.length - 1} are allowed`,
  ]);
  const throwing = "throw new Error('one\\ncontentdownload: another line \\u2028 a third');";
  assert.deepEqual(await problemOf(throwing, 1_000), ["Error: one contentdownload: another line a third"]);
});
