import { deepEqual, equal, match } from "node:assert/strict";
import { startLittleWeb } from "../../fixtures/mod.ts";
import { BINARY, PROGRAM_KIND } from "../_support/program.ts";
import { Workspace } from "../_support/workspace.ts";

/** What `config check --confinement` tries from inside the engine. */
const ATTEMPTS = [
  /read a file outside/,
  /write a file outside/,
  /read an environment variable/,
  /start a process/,
  /load a native library/,
  /ask for the host name/,
];

Deno.test(`the engine's walls ${PROGRAM_KIND}`, async (t) => {
  await using web = await startLittleWeb();
  const [press, society] = [new URL(web.origins.press).host, new URL(web.origins.society).host];

  await t.step(
    "Deno refuses files elsewhere, processes, the environment, libraries and system facts",
    async () => {
      await using workspace = await Workspace.open(web);
      const { code, stdout, stderr } = await workspace.run(["config", "check", "--confinement"]);
      equal(code, 0, stdout + stderr);
      for (const attempt of ATTEMPTS) match(stdout, attempt);
      equal(stdout.match(/Requires \w+ access/g)?.length, ATTEMPTS.length, stdout);
    },
  );

  await t.step("with network.allow_net it refuses other hosts too", async () => {
    await using workspace = await Workspace.open(web, {
      network: { allow_net: [press], allow_private: ["127.0.0.0/8"] },
    });
    const { code, stdout, stderr } = await workspace.run(["config", "check", "--confinement"]);
    equal(code, 0, stdout + stderr);
    match(stdout, /connect to a host that is not allowed.*Requires net access/s);
  });

  await t.step("queue run --allow-net asks only the hosts that it names, after redirects too", async () => {
    web.log.clear();
    await using workspace = await Workspace.open(web);
    const allowed = `${web.origins.press}/good/30000/allowed.pdf`;
    const foreign = `${web.origins.society}/good/30000/foreign.pdf`;
    const redirected = `${web.origins.press}/hops/30000/redirected.pdf`;
    await workspace.importUrls([allowed, foreign, redirected]);
    const { code, stderr } = await workspace.run(["queue", "run", "--drain", "--allow-net", press]);
    equal(code, 0, stderr);
    const records = await workspace.records();
    equal(records.get(`url:${allowed}`)?.reason, "ok");
    equal(records.get(`url:${foreign}`)?.reason, "host-not-allowed");
    equal(records.get(`url:${redirected}`)?.reason, "host-not-allowed");
    deepEqual([...new Set(web.log.entries.map(({ host }) => host))], ["press"]);
  });

  await t.step({
    name: "what the operator's own deno run flags deny stays denied, and one line names the flag",
    ignore: BINARY !== undefined,
    fn: async (t) => {
      const inDirectory = (workspace: Workspace, net: string) => ({
        permissions: [net, "--allow-read", `--allow-write=${workspace.directory}`, "--allow-env"],
      });

      await t.step("when network.allow_net asks for more", async () => {
        web.log.clear();
        await using workspace = await Workspace.open(web);
        await workspace.importUrls([`${web.origins.society}/good/30000/denied.pdf`]);
        const { code, stderr } = await workspace.run(
          ["queue", "run", "--drain", "--allow-net", society],
          inDirectory(workspace, `--allow-net=${press}`),
        );
        equal(code, 2, stderr);
        match(stderr, /^contentdownload: [^\n]*--allow-net[^\n]*\n$/);
        deepEqual(web.log.entries, []);
        deepEqual((await workspace.stats()).queued, 1);
      });

      await t.step("when a work leads elsewhere", async () => {
        web.log.clear();
        await using workspace = await Workspace.open(web, { pipeline: { resolvers: ["arxiv"] } });
        const allowed = `${web.origins.press}/good/30000/allowed.pdf`;
        const denied = `${web.origins.society}/good/30000/denied.pdf`;
        await workspace.importUrls([allowed, denied]);
        const options = inDirectory(workspace, `--allow-net=${press}`);
        const { stderr } = await workspace.run(["queue", "run", "--drain"], options);
        const records = await workspace.records();
        equal(records.get(`url:${allowed}`)?.reason, "ok", stderr);
        equal(records.get(`url:${denied}`)?.reason, "host-not-allowed", stderr);
        deepEqual([...new Set(web.log.entries.map(({ host }) => host))], ["press"]);
      });
    },
  });
});
