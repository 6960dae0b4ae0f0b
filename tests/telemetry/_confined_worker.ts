/** Logs and measures with no permission at all, then says so. Started by the tests. */
import { createLogger, createMeter } from "../../src/telemetry/mod.ts";

const logger = createLogger({ clock: { now: () => 0, setTimer: () => new DisposableStack() }, color: false });
logger.info("from a worker", { permissions: "none" });
createMeter().count("contentdownload.test", 1, { kind: "worker" });
createMeter().record("contentdownload.test.duration", 0.5);
self.postMessage("done");
