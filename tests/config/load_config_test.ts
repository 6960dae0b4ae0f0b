import { deepEqual, equal, rejects } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { loadConfig, type LoadConfigOptions } from "../../src/config/mod.ts";
import { InputError } from "../../src/model/errors.ts";
import { withFile } from "./_files.ts";

const version = "9.8.7";

function load(text: string, options: Partial<LoadConfigOptions> = {}) {
  return withFile(text, (file) => loadConfig({ version, env: {}, file, ...options }));
}

/** The error's lines, with the name of the file shortened. */
async function problems(
  text: string,
  options: Partial<LoadConfigOptions> = {},
  name?: string,
): Promise<string[]> {
  return await withFile(text, async (file) => {
    try {
      await loadConfig({ version, env: {}, file, ...options });
    } catch (error) {
      equal((error as Error).constructor, InputError);
      return (error as Error).message.replaceAll(file, "FILE").replaceAll(/^Cannot \w+ configuration: /gm, "")
        .split("\n");
    }
    return [];
  }, name);
}

Deno.test("loadConfig() gives the documented defaults", async () => {
  const { config, sources } = await load("");
  deepEqual(config, {
    queue: { backend: "sqlite", path: "state/workqueue.sqlite", wal_mode: true, timeout_sec: 10 },
    orchestrator: {
      max_workers: 8,
      max_per_resolver: {},
      max_per_host: 4,
      lease_ttl_seconds: 600,
      heartbeat_seconds: 30,
      max_job_attempts: 3,
      retry_backoff_seconds: 60,
      jitter_seconds: 15,
      stop_deadline_seconds: 30,
    },
    contact: {},
    network: {
      allow_net: [],
      allow_private: [],
      user_agent: "contentdownload/9.8.7",
      robots: "obey",
      timeouts_ms: { connect: 10_000, first_byte: 30_000, idle: 30_000, total: 600_000 },
      max_bytes: 536_870_912,
      max_redirects: 10,
      allow_downgrade: false,
    },
    limits: {},
    resolvers: {},
    pipeline: { resolvers: [] },
    storage: { out: "downloads" },
    plugins: { dirs: [] },
    telemetry: { log_level: "info", log_format: "text" },
  });
  deepEqual([sources.environment, sources.flags], [[], []]);
});

Deno.test("loadConfig() reads YAML and JSON; a key without a value is as if it were not there", async () => {
  const yaml =
    "queue:\norchestrator:\n  max_workers: 3\n  max_per_resolver: { crossref: 2 }\ncontact: { email: a@b.org }\n";
  const json =
    '{\n\t"orchestrator": { "max_workers": 3, "max_per_resolver": {"crossref": 2} },\n\t"contact": { "email": "a@b.org" }\n}';
  const fromYaml = (await load(yaml)).config;
  deepEqual((await load(json)).config, fromYaml);
  deepEqual(
    [fromYaml.orchestrator.max_workers, fromYaml.orchestrator.max_per_resolver, fromYaml.queue.timeout_sec],
    [3, { crossref: 2 }, 10],
  );
  equal(fromYaml.network.user_agent, "contentdownload/9.8.7 (+mailto:a@b.org)");
});

Deno.test("loadConfig() puts the environment over the file and flags over both", async () => {
  const file =
    "orchestrator: { max_workers: 1, max_per_host: 1, jitter_seconds: 1 }\nnetwork: { allow_net: [a.org] }";
  const { config, sources } = await load(file, {
    env: {
      CONTENTDOWNLOAD_ORCHESTRATOR__MAX_PER_HOST: "2",
      CONTENTDOWNLOAD_ORCHESTRATOR__JITTER_SECONDS: "2",
      CONTENTDOWNLOAD_NETWORK__ALLOW_NET: "b.org, c.org,",
      CONTENTDOWNLOAD_NETWORK__TIMEOUTS_MS__IDLE: "5",
      CONTENTDOWNLOAD_TELEMETRY__LOG_LEVEL: "debug",
      CONTENTDOWNLOAD_RESOLVERS__LANDING_PAGE__ENABLED: "false",
      CONTENTDOWNLOAD_RESOLVERS__OPENALEX__API_KEY: "00123",
      CONTENTDOWNLOAD_ORCHESTRATOR__MAX_PER_RESOLVER: '{"crossref":3}',
      CONTENTDOWNLOAD_CONTACT__EMAIL: "",
      CONTENTDOWNLOAD_OPENALEX_KEY: "of a plugin",
    },
    flags: [
      { flag: "--jitter", path: ["orchestrator", "jitter_seconds"], value: 3 },
      { flag: "--workers", path: ["orchestrator", "max_workers"], value: undefined },
    ],
  });
  const { max_workers, max_per_host, jitter_seconds, max_per_resolver } = config.orchestrator;
  deepEqual([max_workers, max_per_host, jitter_seconds, max_per_resolver], [1, 2, 3, { crossref: 3 }]);
  deepEqual(config.network.allow_net, ["b.org", "c.org"]);
  deepEqual(config.network.timeouts_ms, { connect: 10_000, first_byte: 30_000, idle: 5, total: 600_000 });
  equal(config.telemetry.log_level, "debug");
  deepEqual(config.resolvers, {
    landing_page: { enabled: false },
    openalex: { enabled: true, api_key: "00123" },
  });
  deepEqual(config.contact, {});
  deepEqual(sources.flags, ["--jitter"]);
  equal(sources.environment.length, 8);
});

Deno.test("loadConfig() renews leases in time however short they are, unless it is told otherwise", async () => {
  equal((await load("orchestrator: { lease_ttl_seconds: 30 }")).config.orchestrator.heartbeat_seconds, 10);
  equal((await load("orchestrator: { lease_ttl_seconds: 90 }")).config.orchestrator.heartbeat_seconds, 30);
  deepEqual(await problems("orchestrator: { lease_ttl_seconds: 30, heartbeat_seconds: 15 }"), [
    "FILE, line 1, column 40: orchestrator.heartbeat_seconds is 15, which is not less than half of lease_ttl_seconds (15)",
  ]);
});

Deno.test("loadConfig() names file, line, key, value and bound of what is wrong, all at once", async () => {
  deepEqual(
    await problems(
      [
        "orchestrator:",
        "  max_workers: 257",
        "  max_job_atempts: 2",
        "  max_per_resolver: { crossref: 0 }",
        "network:",
        "  allow_net: [a.org, 'https://b.org/']",
        "  timeouts_ms:",
        "    connect: soon",
        "  robots: maybe",
        "max_workers: 2",
        "limits: { default: { rates: [10/week] } }",
        "resolvers:",
        "  openalex: { content_base_url: ftp://x, base_url: 'https://me:pw@x.org' }",
        "telemetry: loud",
        "zzz: 1",
      ].join("\n"),
    ),
    [
      "FILE, line 2, column 3: orchestrator.max_workers is 257, which is not a whole number from 1 to 256",
      "FILE, line 3, column 3: orchestrator.max_job_atempts is not a known key; did you mean orchestrator.max_job_attempts?",
      "FILE, line 4, column 23: orchestrator.max_per_resolver.crossref is 0, which is not a whole number of at least 1",
      'FILE, line 6, column 22: network.allow_net[1] is "https://b.org/", which is not a host name, "*.suffix", address or CIDR range, each with an optional ":port"',
      'FILE, line 8, column 5: network.timeouts_ms.connect is "soon", which is not a whole number from 1 to 2147483647',
      'FILE, line 9, column 3: network.robots is "maybe", which is not one of "obey", "ignore"',
      "FILE, line 10, column 1: max_workers is not a known key; did you mean orchestrator.max_workers?",
      'FILE, line 11, column 30: limits.default.rates[0] is "10/week", which is not a rate such as "10/s", "1/3s", "100/5m", "5000/h" or "0.2/s"',
      'FILE, line 13, column 42: resolvers.openalex.base_url is "https://me:pw@x.org", which is not an http or https URL without credentials, query and fragment',
      'FILE, line 13, column 15: resolvers.openalex.content_base_url is "ftp://x", which is not an http or https URL without credentials, query and fragment',
      'FILE, line 14, column 1: telemetry is "loud", which is not a group of keys',
      "FILE, line 15, column 1: zzz is not a known key; known here are queue, orchestrator, contact, network, limits, resolvers, pipeline, storage, plugins, telemetry",
    ],
  );
});

Deno.test("loadConfig() refuses to go without the write-ahead log, and says why", async () => {
  equal((await load("queue: { wal_mode: true }")).config.queue.wal_mode, true);
  deepEqual(await problems("queue: { wal_mode: false }"), [
    "FILE, line 1, column 10: queue.wal_mode is false, which is not possible: several processes are safe on one " +
    "database only with its write-ahead log",
  ]);
});

Deno.test("loadConfig() names the variable or the flag that a wrong value came from", async () => {
  const options = {
    env: {
      CONTENTDOWNLOAD_QUEUE__TIMEOUT_SEC: "0",
      CONTENTDOWNLOAD_QUEUE__WAL_MODE: "yes",
      CONTENTDOWNLOAD_QUEUE__PAHT: "x",
      CONTENTDOWNLOAD_ORCHESTRATOR__MAX_PER_HOST: "0x10",
      CONTENTDOWNLOAD_QUEU__PATH: "x",
    },
    flags: [{ flag: "--workers", path: ["orchestrator", "max_workers"], value: 300 }],
  };
  deepEqual((await problems("orchestrator: { max_workers: 2 }", options)).sort(), [
    "--workers: orchestrator.max_workers is 300, which is not a whole number from 1 to 256",
    'CONTENTDOWNLOAD_ORCHESTRATOR__MAX_PER_HOST: orchestrator.max_per_host is "0x10", which is not a whole number of at least 1',
    "CONTENTDOWNLOAD_QUEUE__PAHT: queue.paht is not a known key; did you mean queue.path?",
    "CONTENTDOWNLOAD_QUEUE__TIMEOUT_SEC: queue.timeout_sec is 0, which is not a number of at least 1",
    'CONTENTDOWNLOAD_QUEUE__WAL_MODE: queue.wal_mode is "yes", which is not true',
    "CONTENTDOWNLOAD_QUEU__PATH: queu is not a known key; did you mean queue?",
  ]);
  const both = { ...options, env: { CONTENTDOWNLOAD_ORCHESTRATOR__MAX_WORKERS: "2" } };
  equal((await problems("", both))[0]?.startsWith("--workers: "), true);
  deepEqual(await problems("", { env: { CONTENTDOWNLOAD_NETWORK__ALLOW_NET: "[" } }), [
    'CONTENTDOWNLOAD_NETWORK__ALLOW_NET is "[", which is not a list in JSON',
  ]);
});

Deno.test("loadConfig() lets what is no group in the file give way to a variable below it", async () => {
  const env = { CONTENTDOWNLOAD_QUEUE__PATH: "x", CONTENTDOWNLOAD_STORAGE__OUT: "y" };
  const { config } = await load("queue: [1]\nstorage: loud", { env });
  deepEqual([config.queue.path, config.storage.out], ["x", "y"]);
});

Deno.test("loadConfig() finds the place of what an alias stands for, and shows a long value in part", async () => {
  const wrong = "concurrency is 0, which is not a whole number of at least 1";
  deepEqual(await problems("limits:\n  a: &r { concurrency: 0 }\n  b: *r"), [
    `FILE, line 2, column 11: limits.a.${wrong}`,
    `FILE, line 2, column 11: limits.b.${wrong}`,
  ]);
  deepEqual(await problems(`network: { robots: ${"x".repeat(100)} }`), [
    `FILE, line 1, column 12: network.robots is "${"x".repeat(79)}…, which is not one of "obey", "ignore"`,
  ]);
});

Deno.test("loadConfig() holds each bound on both sides", async () => {
  const bounds: [string, string, string[], string[]][] = [
    ["orchestrator", "max_workers", ["1", "256"], ["0", "257", "1.5", "'8'", "true"]],
    ["orchestrator", "max_per_host", ["1"], ["0"]],
    ["orchestrator", "max_per_resolver", ["{ x: 1 }"], ["{ x: 0 }"]],
    ["orchestrator", "lease_ttl_seconds", ["30", "864000"], ["29.9"]],
    ["orchestrator", "heartbeat_seconds", ["5", "299"], ["4.9", "300"]],
    ["orchestrator", "max_job_attempts", ["1"], ["0"]],
    ["orchestrator", "retry_backoff_seconds", ["1"], ["0"]],
    ["orchestrator", "jitter_seconds", ["0"], ["-1", ".nan", ".inf"]],
    ["orchestrator", "stop_deadline_seconds", ["0", "3600"], ["-1", "3601"]],
    ["queue", "timeout_sec", ["1", "36000"], ["0.9"]],
    ["queue", "backend", ["sqlite"], ["postgres"]],
    ["network", "max_bytes", ["1"], ["0"]],
    ["network", "max_redirects", ["0", "50"], ["-1", "51"]],
    [
      "network",
      "allow_net",
      ["[a.org, '*.a.org:443', '10.0.0.0/8', '10.0.0.0/8:443', '[fd00::]/8:443', '[::1]:80']"],
      ["[a.org/x]", "['10.0.0.0/8:']", "['10.0.0.0/8:443/']", "['https://a.org']"],
    ],
    ["network", "timeouts_ms", ["{ idle: 1 }", "{ idle: 2147483647 }"], [
      "{ idle: 0 }",
      "{ idle: 2147483648 }",
    ]],
    ["network", "user_agent", ["'a b/1'"], ['"a\\nb"', "'ä'", "''"]],
    ["contact", "email", ["a.b+c@d-e.org"], ["nobody", "a@b", "'a b@c.org'", '"a@b.org\\nX: y"']],
    ["storage", "out", ["x"], ["''", '"\\0"']],
    ["pipeline", "resolvers", ["[a]"], ["a", "[1]", "['']"]],
    ["resolvers", "x", ["{ tier: 0 }", "{ tier: 99 }"], ["{ tier: -1 }", "{ tier: 100 }"]],
    [
      "resolvers",
      "x",
      ["{ base_url: 'http://a.example' }", "{ base_url: 'https://a.example:1/b/' }"],
      [
        "{ base_url: 'https://user@a.example' }",
        "{ base_url: 'https://:pass@a.example' }",
        "{ base_url: 'https://a.example/?q=1' }",
        "{ base_url: 'https://a.example/#f' }",
        "{ files_base_url: 'https://:pass@a.example' }",
      ],
    ],
    ["limits", "x", ["{ concurrency: 1 }", "{ daily_budget: 0.5 }"], [
      "{ concurrency: 0 }",
      "{ daily_budget: 0 }",
    ]],
    [
      "limits",
      "x",
      ["{ budget_reset_hour_utc: 0 }", "{ budget_reset_hour_utc: 23 }"],
      ["{ budget_reset_hour_utc: -1 }", "{ budget_reset_hour_utc: 24 }"],
    ],
    ["limits", "x", ["{ rates: [0.5/s] }"], ["{ rates: [0/s] }", "{ rates: [0.0/s] }", "{ rates: [1/0s] }"]],
    [
      "limits",
      "x",
      ["{ adaptive: { floor_per_second: 1, ceiling_per_second: 1 } }"],
      ["{ adaptive: { floor_per_second: 1.1, ceiling_per_second: 1 } }"],
    ],
  ];
  for (const [section, key, right, wrong] of bounds) {
    for (const value of right) {
      deepEqual(await problems(`${section}:\n  ${key}: ${value}`), [], `${key}: ${value}`);
    }
    for (const value of wrong) {
      const [line = "", ...more] = await problems(`${section}:\n  ${key}: ${value}`);
      equal(
        /^FILE, line 2, column \d+: /.test(line) && line.includes(`${section}.${key}`),
        true,
        `${key}: ${value}`,
      );
      deepEqual(more, []);
    }
  }
});

Deno.test("loadConfig() refuses what is no YAML, and what is doubtful in it, with line and column", async () => {
  const faults: [string, RegExp][] = [
    ["queue: [1\nstorage: 2", /^FILE, line 2, column 1: ./],
    ["queue:\n\tpath: x", /^FILE, line 2, column 1: Tabs are not allowed as indentation/],
    ["storage: { out: a }\nstorage: { out: b }", /^FILE, line 2, column 1: the key storage stands twice$/],
    ['{"storage": {\n "out": "a",\n "out": "b" }}', /^FILE, line 3, column 2: the key "out" stands twice$/],
    ["storage: { out: !!js/function 1 }", /^FILE, line 1, column 17: ./],
    [
      "storage: { out: a }\n---\nstorage: { out: b }",
      /^FILE, line 2, column 1: a second document begins here/,
    ],
    ["- 1", /^FILE is not a group of keys/],
    ["just text", /^FILE is not a group of keys/],
    ["__proto__: { a: 1 }", /^FILE, line 1, column 1: __proto__ is not a known key/],
    ["<<: { storage: { out: a } }", /^FILE, line 1, column 1: << is not a known key/],
    [bomb(), /^FILE: Excessive alias count/],
  ];
  for (const [text, expected] of faults) {
    const lines = await problems(text);
    equal(expected.test(lines[0] ?? ""), true, `${text}\n${lines.join("\n")}`);
  }
});

function bomb(): string {
  const levels = Array.from(
    { length: 12 },
    (_, level) => `a${level}: &a${level} [${`*a${level - 1},`.repeat(9)}]`,
  );
  return ["a: &a-1 [x]", ...levels].join("\n");
}

Deno.test("loadConfig() tells what hinders it from reading a file that was named", async () => {
  await rejects(
    loadConfig({ version, env: {}, file: "no/such.yaml" }),
    new InputError('Cannot read configuration: the file "no/such.yaml" is not there'),
  );
  const directory = await Deno.makeTempDir();
  try {
    await rejects(
      loadConfig({ version, env: {}, file: directory }),
      /^InputError: Cannot read configuration: /,
    );
  } finally {
    await Deno.remove(directory);
  }
});

/** Variables that the YAML parser asks for. */
const PARSER_VARIABLES = "LOG_STREAM,LOG_TOKENS";

Deno.test("loadConfig() takes contentdownload.yaml of the current directory, and the environment as far as allowed", async () => {
  const program = fileURLToPath(new URL("_print_config.ts", import.meta.url));
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const run = async (cwd: string, ...permissions: string[]) => {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--quiet",
        "--cached-only",
        "--config",
        `${root}/deno.json`,
        ...permissions,
        program,
      ],
      env: { CONTENTDOWNLOAD_STORAGE__OUT: "env", CONTENTDOWNLOAD_RESOLVERS__CROSSREF__TIER: "7" },
      stdin: "null",
      cwd,
    }).output();
    equal(new TextDecoder().decode(stderr), "");
    return JSON.parse(new TextDecoder().decode(stdout));
  };
  await withFile("orchestrator: { max_workers: 5 }", async (file) => {
    const cwd = file.replace(/[\\/][^\\/]*$/, "");
    const read = "--allow-read";
    deepEqual(await run(cwd, read, "--allow-env"), ["contentdownload.yaml", 5, "env", 7]);
    deepEqual(await run(cwd, read, "--allow-env=CONTENTDOWNLOAD_*", "--ignore-env"), [
      "contentdownload.yaml",
      5,
      "env",
      7,
    ]);
    deepEqual(await run(cwd, read, `--allow-env=CONTENTDOWNLOAD_STORAGE__OUT,${PARSER_VARIABLES}`), [
      "contentdownload.yaml",
      5,
      "env",
      null,
    ]);
    deepEqual(await run(cwd, read, `--allow-env=${PARSER_VARIABLES}`), [
      "contentdownload.yaml",
      5,
      "downloads",
      null,
    ]);
    equal(
      await run(cwd, read, `--allow-env=LOG_STREAM`),
      'Cannot read configuration: the file "contentdownload.yaml" cannot be read: Requires env access to "LOG_TOKENS", ' +
        "run again with the --allow-env flag",
    );
    await Deno.remove(file);
    deepEqual(await run(cwd, read), [null, 8, "downloads", null]);
    deepEqual(await run(cwd, read, "--deny-env"), [null, 8, "downloads", null]);
  });
});
