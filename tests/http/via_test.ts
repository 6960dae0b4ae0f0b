import assert from "node:assert/strict";
import { open, serve } from "./_web.ts";

function redirectTo(location: string): Response {
  return new Response("elsewhere", { status: 302, headers: { location } });
}

Deno.test("get() goes on where redirects led before, as if it had not stopped there", async () => {
  let requests: Headers[] = [];
  await using second = serve((request) => {
    requests.push(new Headers(request.headers));
    return redirectTo(request.url.endsWith("/back") ? `${first.url}/start#again` : "/next");
  }, "127.0.0.2");
  await using first = serve(() => new Response());
  using web = open({ maxRedirects: 2 });
  const goOn = async (path: string, ...via: string[]) => {
    requests = [];
    const result = await web.get(second.url + path, { via, headers: { "accept": "x/y", "x-key": "k" } });
    return [result.type === "refused" ? result.reason : result.type, requests.length];
  };
  assert.deepEqual(await goOn("/back", `${first.url}/start`), ["redirect-loop", 1]);
  assert.deepEqual([requests[0]?.get("accept"), requests[0]?.get("x-key")], ["x/y", null]);
  assert.deepEqual(await goOn("/a", `${second.url}/start`), ["redirect-loop", 2]);
  assert.equal(requests[0]?.get("x-key"), "k");
  assert.deepEqual(await goOn("/a", `${first.url}/1`, `${first.url}/2`), ["too-many-redirects", 1]);
});
