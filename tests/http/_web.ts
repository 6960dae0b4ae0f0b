import assert from "node:assert/strict";
import type { Closed, Feedback, Permit, PermitSource } from "../../src/model/permit.ts";
import { silentLogger, silentMeter } from "../../src/model/ports.ts";
import {
  createHttpClient,
  createUrlPolicy,
  type GetOptions,
  type HttpClient,
  type HttpClientOptions,
  type HttpResult,
} from "../../src/http/mod.ts";
import { CERTIFICATE, KEY } from "./_certificate.ts";
import { SystemClock } from "../../src/runtime/mod.ts";

/** Grants everything but what was closed by hand, and writes down what happened, in order. */
export class RecordingPermits implements PermitSource {
  readonly log: string[] = [];
  readonly feedback: Feedback[] = [];
  readonly closed = new Map<string, Closed>();
  granted = 0;
  disposed = 0;

  acquire(groups: readonly string[]): Promise<Permit | Closed> {
    const closed = groups.map((group) => this.closed.get(group)).find((found) => found !== undefined);
    if (closed) {
      this.log.push(`closed ${closed.group}`);
      return Promise.resolve(closed);
    }
    const id = ++this.granted;
    this.log.push(`acquire ${groups.join(" ")}`);
    let isDisposed = false;
    return Promise.resolve({
      type: "permit",
      groups: [...new Set(groups)],
      depart: () => {
        this.log.push(`${isDisposed ? "LATE " : ""}depart ${id}`);
      },
      report: (feedback) => {
        if (isDisposed) this.log.push(`LATE report ${id}`);
        this.feedback.push(feedback);
        this.log.push(`report ${id} ${feedback.type === "answered" ? feedback.status : feedback.reason}`);
      },
      [Symbol.dispose]: () => {
        if (isDisposed) this.log.push(`SECOND dispose ${id}`);
        isDisposed = true;
        this.disposed++;
        this.log.push(`dispose ${id}`);
      },
    });
  }

  close(group: string, until = 99): Closed {
    const closed: Closed = { type: "closed", group, until, why: "cool-down" };
    this.closed.set(group, closed);
    return closed;
  }
}

/** A client and the permits that its requests take. */
export interface Opened extends Disposable {
  readonly permits: RecordingPermits;
  readonly client: HttpClient;
  get(url: string, request?: Partial<GetOptions>): Promise<HttpResult>;
}

/** A server on loopback. */
export interface Served extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

/** A client that may reach loopback, and permits that record. */
export function open(options: Partial<HttpClientOptions> = {}): Opened {
  const permits = new RecordingPermits();
  const client = createHttpClient({
    clock: new SystemClock(),
    logger: silentLogger,
    meter: silentMeter,
    policy: createUrlPolicy({ allowPrivate: ["127.0.0.0/8"] }),
    userAgent: "test/1.0",
    ...options,
  });
  return {
    permits,
    get: (url: string, request: Partial<GetOptions> = {}) =>
      client.get(url, { permits, groups: [], purpose: "download", ...request }),
    client,
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

/** The text of an answer; fails if there is none. */
export async function bodyOf(result: HttpResult): Promise<string> {
  if (result.type !== "response") assert.fail(JSON.stringify(result));
  return await result.body.readText();
}

/** A server of its own port on `hostname`. */
export function serve(handler: Deno.ServeHandler, hostname = "127.0.0.1"): Served {
  const server = Deno.serve({ hostname, port: 0, onListen() {} }, handler);
  return {
    port: server.addr.port,
    url: `http://${hostname}:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A server that speaks TLS with the tests' own certificate; its URL names `localhost`. */
export function serveTls(handler: Deno.ServeHandler): Served {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert: CERTIFICATE, key: KEY, onListen() {} },
    handler,
  );
  return {
    port: server.addr.port,
    url: `https://localhost:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A server that reads one request and then does with the connection as told; broken answers come from here. */
export function serveRaw(
  answer: (connection: Deno.TcpConn, request: string) => Promise<unknown> | unknown,
): Served {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.TcpConn>();
  const done = (async () => {
    for await (const connection of listener) {
      connections.add(connection);
      (async () => {
        const buffer = new Uint8Array(65536);
        const count = await connection.read(buffer);
        await answer(connection, new TextDecoder().decode(buffer.subarray(0, count ?? 0)));
      })().catch(() => {});
    }
  })();
  return {
    port: listener.addr.port,
    url: `http://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await done;
      for (const connection of connections) {
        try {
          connection.close();
        } catch { /* closed by the answer */ }
      }
    },
  };
}

/** Writes text as bytes, one a character. */
export async function send(connection: Deno.TcpConn, text: string, thenClose = true): Promise<void> {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
  if (thenClose) connection.close();
}

/** Answers in place of the network, for what no server on loopback can be, until its disposal. */
export function answerAll(answer: (url: string, headers: Headers) => Response): Disposable {
  const { fetch } = globalThis;
  globalThis.fetch = (url, init) => Promise.resolve(answer(String(url), new Headers(init?.headers)));
  return {
    [Symbol.dispose]() {
      globalThis.fetch = fetch;
    },
  };
}
