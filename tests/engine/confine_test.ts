import assert from "node:assert/strict";
import { isAbsolute, resolve } from "node:path";
import fc from "fast-check";
import type { Config } from "../../src/config/mod.ts";
import { permissionsOf } from "../../src/engine/confine.ts";
import { type EngineEvent, type EngineStart, startEngine } from "../../src/engine/mod.ts";
import { configOf } from "./_configured.ts";

const CHILD = new URL("./_start_engine.ts", import.meta.url).pathname;

async function inDirectory(
  content: Readonly<Record<string, unknown>>,
  use: (config: Config, path: string) => Promise<void>,
) {
  const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "contentdownload-" }));
  try {
    const places = { queue: { path: `${path}/state/queue.sqlite` }, storage: { out: `${path}/out` } };
    await use(await configOf({ ...places, ...content }), path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

/** What a child process with these permissions prints. */
async function inChild(
  permissions: readonly string[],
  config: Config,
  command: EngineStart["command"] = { type: "probe" },
): Promise<Record<string, unknown>[]> {
  const start: EngineStart = { command, config, plugins: [], environment: {} };
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, CHILD, JSON.stringify(start)],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stdout).trim();
  assert.notEqual(text, "", new TextDecoder().decode(stderr));
  return text.split("\n").map((line) => JSON.parse(line));
}

Deno.test("permissionsOf() gives the stated hosts and directories, and nothing else", async () => {
  const base = await configOf();
  const name = fc.stringMatching(/^[a-z]{1,8}$/);
  fc.assert(fc.property(
    fc.array(name.map((host) => `${host}.example`)),
    fc.array(name, { minLength: 1, maxLength: 3 }),
    fc.array(name, { minLength: 1, maxLength: 3 }),
    fc.boolean(),
    (hosts, queue, out, absolute) => {
      const path = (parts: readonly string[]) => (absolute ? "/" : "") + parts.join("/");
      const { net, read, write, ...rest } = permissionsOf({
        ...base,
        queue: { ...base.queue, path: `${path(queue)}/queue.sqlite` },
        storage: { out: path(out) },
        network: { ...base.network, allow_net: hosts },
      });
      assert.deepEqual(rest, { env: false, run: false, ffi: false, sys: false, import: false });
      assert.deepEqual(net, hosts.length > 0 ? hosts : "inherit");
      const data = [resolve(path(queue)), resolve(path(out))];
      assert.deepEqual(write, data);
      assert.ok(Array.isArray(read) && read.every((entry) => typeof entry === "string" && isAbsolute(entry)));
      assert.deepEqual(read.slice(0, 2), data);
      assert.deepEqual(read.slice(2), [resolve("src")]);
    },
  ));
});

Deno.test("startEngine() says which setting holds what is no host", async () => {
  await inDirectory({ network: { allow_net: ["*"] } }, async (config) => {
    const [line] = await inChild(["-A"], config);
    assert.equal(line?.["name"], "InputError");
    assert.match(String(line?.["message"]), /^Cannot use network\.allow_net: .*\*/);
  });
});

Deno.test("startEngine() names the flag by which this process may do less than the engine needs", async (t) => {
  await inDirectory({ network: { allow_net: ["*.example.org"] } }, async (config, path) => {
    const message = async (...permissions: string[]) => {
      const [line] = await inChild(permissions, config);
      assert.equal(line?.["name"], "InputError");
      return String(line?.["message"]);
    };
    const cannot = "Cannot start: this process may do less than the command needs:";
    const cases: [flags: string[], says: string][] = [
      [
        ["--allow-read", "--allow-write", "--allow-net=other.org"],
        `it may not reach "*.example.org" (allow it with --allow-net=*.example.org)`,
      ],
      [
        ["-A", "--deny-read=" + `${path}/state`],
        `it may not read "${path}/state" (--deny-read forbids it)`,
      ],
      [
        ["-A", "--deny-write=" + `${path}/out/doi`],
        `it may not write all of "${path}/out" (--deny-write forbids it)`,
      ],
      [
        [
          "--allow-net",
          "--allow-write",
          `--allow-read=${resolve("src")},${resolve("deno.json")},${path}/out`,
        ],
        `it may not read "${path}/state" (allow it with --allow-read=${path}/state)`,
      ],
    ];
    for (const [flags, says] of cases) {
      await t.step(flags.join(" "), async () => assert.equal(await message(...flags), `${cannot} ${says}`));
    }
  });
});

Deno.test("startEngine() lets the engine do nothing that its command does not need", async () => {
  await inDirectory({ network: { allow_net: ["example.org"] } }, async (config) => {
    const lines = await inChild(["-A"], config);
    assert.deepEqual(lines.pop(), { type: "ended", end: "drained" });
    assert.deepEqual(lines.map(({ attempt }) => attempt), [
      "read a file outside the data directories",
      "write a file outside the data directories",
      "read an environment variable",
      "start a process",
      "load a native library",
      "ask for the host name",
      "connect to a host that is not allowed",
    ]);
    for (const line of lines) {
      assert.match(String(line["refusal"]), /Requires \w+ access/, String(line["attempt"]));
    }
  });
});

Deno.test("startEngine() names the flag when this process may do less than the engine needs", async () => {
  await inDirectory({ network: { allow_net: ["example.org"] } }, async (config, path) => {
    const cases = [
      [["--allow-read", "--allow-write", "--allow-net=example.net"], /--allow-net/],
      [["--allow-read", `--allow-write=${path}/out`, "--allow-net"], /--allow-write/],
      [[`--allow-read=${path}`, "--allow-write", "--allow-net"], /--allow-read/],
    ] as const;
    for (const [flags, names] of cases) {
      const lines = await inChild(flags, config);
      assert.equal(lines.length, 1, JSON.stringify(lines));
      assert.deepEqual([lines[0]?.["type"], lines[0]?.["name"]], ["threw", "InputError"]);
      assert.match(String(lines[0]?.["message"]), /^Cannot [^\n]*$/);
      assert.match(String(lines[0]?.["message"]), names);
    }
  });
});

Deno.test("startEngine() refuses to work on a queue where no host may be reached at all", async () => {
  await inDirectory({}, async (config) => {
    const run = (...flags: string[]) => inChild(flags, config, { type: "run", drain: true, only: [] });
    const [line, ...more] = await run("-A", "--deny-net");
    assert.deepEqual([line?.["name"], more], ["InputError", []]);
    assert.match(String(line?.["message"]), /^Cannot start: [^\n]*--deny-net[^\n]*--allow-net[^\n]*$/);
    assert.equal((await run("-A", "--deny-net=example.org")).at(-1)?.["type"], "ended");
    assert.equal((await inChild(["-A", "--deny-net"], config)).at(-1)?.["type"], "ended");
  });
});

Deno.test("startEngine() with an empty allow_net may reach what its process may", async () => {
  await inDirectory({}, async (config) => {
    const lines = await inChild(["--allow-read", "--allow-write", "--allow-net=example.org"], config);
    assert.deepEqual(lines.at(-1), { type: "ended", end: "drained" });
  });
});

Deno.test("EngineRun.reload() changes the limits of a run at once", async () => {
  const paths: string[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    paths.push(new URL(request.url).pathname);
    return new Response("no such page", { status: 404 });
  });
  const network = { allow_private: ["127.0.0.0/8"], robots: "ignore" };
  const slow = { network, limits: { default: { rates: ["1/h"] } } };
  await inDirectory(slow, async (config) => {
    const fast = await configOf({ ...slow, limits: { default: { rates: ["1000/s"] } } });
    const only = [1, 2, 3, 4].map((n) => ({
      artifactId: `url:http://127.0.0.1:${server.addr.port}/${n}`,
      metadata: null,
      priority: 0,
    }));
    const settled: EngineEvent[] = [];
    using run = startEngine(
      { command: { type: "run", drain: true, only }, config, plugins: [], environment: {} },
      (event) => {
        if (event.type !== "settled" || event.outcome === null) return;
        settled.push(event);
        // The hour's only request has been made: the others would never end within the test.
        if (settled.length === 1) run.reload({ ...config, limits: fast.limits });
      },
    );
    assert.equal((await run.ended).end, "drained");
    assert.deepEqual([settled.length, paths.sort()], [4, ["/1", "/2", "/3", "/4"]]);
  });
});

Deno.test("EngineRun.stop() ends a run that has not begun yet", async () => {
  await inDirectory({}, async (config) => {
    using run = startEngine(
      { command: { type: "run", drain: false, only: [] }, config, plugins: [], environment: {} },
      () => {},
    );
    run.stop(0);
    assert.equal((await run.ended).end, "stopped");
  });
});

Deno.test("startEngine() gives the words of the engine's own refusal", async () => {
  await inDirectory({ pipeline: { resolvers: ["nobody"] } }, async (config) => {
    using run = startEngine(
      { command: { type: "run", drain: true, only: [] }, config, plugins: [], environment: {} },
      () => {},
    );
    await assert.rejects(run.ended, {
      name: "InputError",
      message: /^Cannot use pipeline.resolvers: there is no plugin "nobody"/,
    });
  });
});
