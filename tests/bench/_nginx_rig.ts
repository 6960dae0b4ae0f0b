/**
 * Hosts that refuse by rate and by connection: nginx on loopback, one port a host, judged by its own access log.
 *
 * @module
 */

import { writePdf } from "../../fixtures/pdf.ts";

/** What one host allows. */
export interface RigHost {
  /** As nginx writes it: `5r/s`, `12r/m`. */
  readonly rate: string;
  readonly perSecond: number;
  readonly connections: number;
  readonly files: number;
}

/** One line of the access log. */
export interface LogLine {
  readonly atMs: number;
  readonly host: number;
  readonly status: number;
  readonly path: string;
}

/** A running rig. */
export interface NginxRig extends AsyncDisposable {
  /** Addresses of all files of one host, by its number. */
  urlsOf(host: number): string[];
  /** Everything that was asked so far, in the order of the answers. */
  log(): Promise<LogLine[]>;
}

const FILE_BYTES = 4_000;

/** Whether nginx can be started here. */
export async function hasProgram(name: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(name, {
      args: [name === "nginx" ? "-v" : "--version"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

/**
 * Starts nginx with a fresh memory of everyone, and waits until it listens.
 *
 * @param hosts In the order of their ports.
 */
export async function startRig(hosts: readonly RigHost[]): Promise<NginxRig> {
  const root = await Deno.makeTempDir({ prefix: "rig-" });
  const ports = freePorts(hosts.length);
  // The workers of a master that root started belong to another user.
  await Deno.chmod(root, 0o755);
  await Deno.mkdir(`${root}/www`);
  await Deno.writeFile(`${root}/www/file.pdf`, writePdf({ seed: "rig", bytes: FILE_BYTES }));
  await Deno.writeTextFile(`${root}/nginx.conf`, configOf(root, hosts, ports));
  const child = new Deno.Command("nginx", {
    args: ["-c", `${root}/nginx.conf`, "-p", root, "-e", `${root}/error.log`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const hostOfPort = new Map(ports.map((port, host) => [port, host]));
  await listening(ports.at(-1) ?? 0, root);
  return {
    urlsOf: (host) =>
      Array.from(
        { length: hosts[host]?.files ?? 0 },
        (_, file) => `http://127.0.0.1:${ports[host]}/${host}/${file}.pdf`,
      ),
    async log() {
      const text = await Deno.readTextFile(`${root}/access.log`);
      return text.trimEnd().split("\n").filter((line) => line !== "").map((line) => {
        const [seconds, port, status, path = ""] = line.split(" ");
        const host = hostOfPort.get(Number(port)) ?? -1;
        return { atMs: Number(seconds) * 1000, host, status: Number(status), path };
      });
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(root, { recursive: true });
    },
  };
}

function configOf(root: string, hosts: readonly RigHost[], ports: readonly number[]): string {
  const zones = hosts.map(({ rate }, host) =>
    `  limit_req_zone $binary_remote_addr zone=rate${host}:64k rate=${rate};\n` +
    `  limit_conn_zone $binary_remote_addr zone=conn${host}:64k;\n`
  );
  const servers = hosts.map(({ connections }, host) =>
    `  server {
    listen 127.0.0.1:${ports[host]} backlog=511;
    limit_req zone=rate${host};
    limit_conn conn${host} ${connections};
    location = /robots.txt { return 404; }
    location / { rewrite ^ /file.pdf break; root ${root}/www; }
  }\n`
  );
  return `daemon off;
worker_processes 1;
pid ${root}/nginx.pid;
events { worker_connections 4096; }
http {
  log_format rig '$msec $server_port $status $request_uri';
  access_log ${root}/access.log rig;
  types { application/pdf pdf; }
  client_body_temp_path ${root}/body;
  proxy_temp_path ${root}/proxy;
  fastcgi_temp_path ${root}/fastcgi;
  uwsgi_temp_path ${root}/uwsgi;
  scgi_temp_path ${root}/scgi;
  limit_req_status 429;
  limit_conn_status 429;
  limit_req_log_level info;
  limit_conn_log_level info;
${zones.join("")}${servers.join("")}}
`;
}

/** Ports that are free now; all are taken before the first is given back, so that none comes twice. */
function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}

async function listening(port: number, root: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  const error = await Deno.readTextFile(`${root}/error.log`).catch(() => "");
  throw new Error(`Cannot start nginx: port ${port} does not answer: ${error.trim()}`);
}
