import type { Feedback } from "../../src/model/permit.ts";
import type { SeededRandom, VirtualClock } from "../../src/runtime/mod.ts";
import type { Judge } from "./_judge.ts";
import type { Server } from "./_plan.ts";
import type { ProcessClock } from "./_process_clock.ts";

/** One way takes up to so much more or less than usual; below the margin that the limits keep. */
const JITTER_MS = 10;
const TIMEOUT_MS = 30_000;
/** One job in so many is never served. */
const BROKEN = 50;
/** One in so many of a host's files takes so long that a stalled process and its successor work on it at once. */
const LARGE = 20;
const LARGE_MS = 40_000;

/** What came of a request, and what a server's refusal asked for. */
export interface Answer {
  readonly feedback: Feedback;
  /** The instant before which the server does not want to be asked; 0 for none. By true time. */
  readonly until: number;
}

interface Traffic {
  busy: number;
  lastAt: number;
}

/** Servers that answer late, refuse and fail. */
export class SimulatedWeb {
  readonly #world: VirtualClock;
  readonly #random: SeededRandom;
  readonly #judge: Judge;
  readonly #traffic = new Map<string, Traffic>();

  constructor(world: VirtualClock, random: SeededRandom, judge: Judge) {
    this.#world = world;
    this.#random = random;
    this.#judge = judge;
  }

  /** Sends a request; what it comes to reaches the process only while that runs. */
  request(server: Server, process: ProcessClock, job: number): Promise<Answer> {
    return new Promise((resolve) => {
      if (this.#random.next() < 0.005) {
        const feedback: Feedback = { type: "failed", reason: "connect-failed" };
        process.setTimer(this.#wayMs(server), () => resolve({ feedback, until: 0 }));
        return;
      }
      const sentAt = this.#world.now();
      this.#world.setTimer(this.#wayMs(server), () => {
        const status = this.#arrive(server, job);
        const now = this.#world.now();
        this.#judge.arrive(now, server);
        this.#judge.trace(now, `${server.name} ${status} ${job}`);
        if (status === 0) {
          const feedback: Feedback = { type: "failed", reason: "timeout" };
          process.setTimer(TIMEOUT_MS, () => resolve({ feedback, until: 0 }));
          return;
        }
        const { headers, until } = this.#headers(server, status);
        const isLarge = server.hasLarge && job % LARGE === 3 && (status === 200 || status === 404);
        const serviceMs = isLarge ? LARGE_MS : status === 200 ? server.serviceMs : 1;
        const restMs = serviceMs + this.#wayMs(server);
        process.setTimer(restMs, () => {
          const latencyMs = this.#world.now() - sentAt;
          resolve({ feedback: { type: "answered", status, headers, latencyMs }, until });
        });
      });
    });
  }

  /** The status of the answer; 0 for none. */
  #arrive(server: Server, job: number): number {
    const now = this.#world.now();
    const traffic = this.#traffic.get(server.name) ?? { busy: 0, lastAt: -Infinity };
    this.#traffic.set(server.name, traffic);
    if (server.storms.some(({ from, to }) => from <= now && now < to)) return 429;
    const tooSoon = (now - traffic.lastAt) * server.perSecond < 1000;
    if (traffic.busy >= server.connections || tooSoon) return 429;
    traffic.lastAt = now;
    if (job % BROKEN === 0) return 503;
    const luck = this.#random.next();
    if (luck < 0.003) return 0;
    if (luck < 0.01) return 503;
    if (luck < 0.1) return 404;
    traffic.busy++;
    this.#world.setTimer(server.serviceMs, () => traffic.busy--);
    return 200;
  }

  #headers(server: Server, status: number): { headers: Headers; until: number } {
    const now = this.#world.now();
    const headers = new Headers({ date: new Date(now).toUTCString() });
    const storm = server.storms.find(({ from, to }) => from <= now && now < to);
    if (status !== 429 || !storm || storm.says === "nothing") return { headers, until: 0 };
    const seconds = Math.ceil((storm.to - now) / 1000);
    if (storm.says === "seconds") {
      headers.set("retry-after", String(seconds));
      return { headers, until: now + seconds * 1000 };
    }
    const date = new Date(now + seconds * 1000 + 999);
    headers.set("retry-after", date.toUTCString());
    return { headers, until: Math.floor(date.getTime() / 1000) * 1000 };
  }

  #wayMs({ oneWayMs }: Server): number {
    return Math.max(1, oneWayMs + (this.#random.next() * 2 - 1) * JITTER_MS);
  }
}
