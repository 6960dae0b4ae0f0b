/** Prints each signal as it comes; a second stop signal ends it. Started by the test of signals. */
import { onHangup, onStopSignals } from "../../src/runtime/mod.ts";

const keepAlive = setInterval(() => {}, 1_000);
using stack = new DisposableStack();
stack.use(onHangup(() => console.log("hangup")));
const { promise: secondStop, resolve } = Promise.withResolvers<void>();
stack.use(onStopSignals((signal, count) => {
  console.log(`${signal} ${count}`);
  if (count === 2) resolve();
}));
console.log("ready");
await secondStop;
stack.dispose();
clearInterval(keepAlive);
console.log("restored");
setInterval(() => {}, 1_000);
