import assert from "node:assert/strict";
import { cursorOf, openRig, recordOf, resolver } from "./_rig.ts";

Deno.test("a question that is refused by rate ten times has failed; one whose group is closed waits on", async () => {
  await using rig = await openRig();
  for (const [isRefusal, ends] of [[true, "failed"], [false, "closed"]] as const) {
    const closed = { type: "closed", group: "api", until: rig.clock.now(), why: "cool-down" } as const;
    const refusing = resolver("refusing", Array.from({ length: 10 }, () => ({ ...closed, isRefusal })));
    let end = await rig.run([refusing]);
    for (let time = 1; time < 10; time++) {
      assert.equal(end.type, "closed");
      end = await rig.run([refusing], { cursor: cursorOf(end) });
    }
    assert.equal(end.type, ends);
    if (end.type === "failed") assert.equal(recordOf(end).reason, "rate-limited");
  }
});
