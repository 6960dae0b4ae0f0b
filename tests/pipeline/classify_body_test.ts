import assert from "node:assert/strict";
import { classifyBody, wallOf } from "../../src/pipeline/classify_body.ts";
import { bytesOf, concat } from "./_pdf.ts";

const article = "Background and methods of the study. ".repeat(80);
const reasonOf = (body: string | Uint8Array) =>
  classifyBody(typeof body === "string" ? bytesOf(body) : body).reason;

Deno.test("classifyBody() knows pages by their beginning", () => {
  const utf16 = new Uint8Array(
    new Uint16Array(
      [0xfeff, ..."<html><body>x"].map((unit) => typeof unit === "number" ? unit : unit.charCodeAt(0)),
    ).buffer,
  );
  const pages = [
    "<!DOCTYPE HTML PUBLIC '-//IETF//DTD HTML 2.0//EN'><p>x",
    " \r\n\t<HTML><p>x",
    "<!-- served by a -->\n<!-- b --><html>x",
    '<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x"><html xmlns="http://www.w3.org/1999/xhtml">',
    "<script>location='/x'</script>",
    "<head><title>x</title>",
    concat(new Uint8Array([0xef, 0xbb, 0xbf]), bytesOf("<html>x")),
    utf16,
  ];
  for (const page of pages) assert.equal(reasonOf(page), "html-instead-of-pdf", String(page));
});

Deno.test("classifyBody() says what else came", () => {
  const bodies: readonly (readonly [string | Uint8Array, string])[] = [
    [new Uint8Array([0x1f, 0x8b, 8, 0]), "gzip data"],
    ["PK\x03\x04zip", "a ZIP archive"],
    ["%!PS-Adobe-3.0", "PostScript"],
    [' {"error":"no"}', "JSON"],
    ['<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "XML"],
    ["Resource not found.", "plain text"],
    [new Uint8Array(100), "binary data"],
    ["  \n ", "white space"],
  ];
  for (const [body, detail] of bodies) {
    assert.deepEqual(classifyBody(toBytes(body)), { reason: "not-pdf", detail });
  }
});

Deno.test("classifyBody() finds walls against robots", () => {
  const pages = [
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Enable JavaScript</body></html>",
    `<html><script>window._cf_chl_opt={}</script><body>${article}</body></html>`,
    "<html><title>Access Denied</title>Reference #18.1 https://errors.edgesuite.net/18.1</html>",
    '<html><iframe src="/_Incapsula_Resource?x=1"></iframe></html>',
    "<html><script src='https://geo.captcha-delivery.com/c.js'></script></html>",
    `<html><p>Please verify you are human</p>${article}</html>`,
    '<html><body><form><div class="g-recaptcha"></div></form></body></html>',
    '{"url":"https://geo.captcha-delivery.com/captcha/?x=1"}',
  ];
  for (const page of pages) assert.equal(reasonOf(page), "bot-wall", page.slice(0, 80));
});

Deno.test("classifyBody() finds walls that ask for a login", () => {
  const pages = [
    `<html><form><input name=u><input class="x" type='password'></form>${article}</html>`,
    `<html><title>Sign in | Publisher</title>${article}</html>`,
    `<html><h1>Log In</h1>${article}</html>`,
    `<html>${article}<a>Access through your institution</a></html>`,
    `<html>${article}<a href="/x">Institutional access</a></html>`,
    `<html>${article}<a href="/Shibboleth.sso/Login">x</a></html>`,
    `<html>${article}You must log in to see this</html>`,
    "<html><body>Members: sign in</body></html>",
  ];
  for (const page of pages) assert.equal(reasonOf(page), "login-wall", page.slice(0, 80));
});

Deno.test("classifyBody() takes a page with a sign-in link or a captcha in its margin for a page", () => {
  assert.equal(reasonOf(`<html><nav><a>Sign in</a></nav>${article}</html>`), "html-instead-of-pdf");
  assert.equal(
    reasonOf(`<html><script src="/recaptcha.js"></script>${article}</html>`),
    "html-instead-of-pdf",
  );
  const quiet =
    `<html><script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>${article}</html>`;
  assert.equal(reasonOf(quiet), "html-instead-of-pdf");
  assert.equal(
    classifyBody(bytesOf("<html><title>\n Article\n page </title></html>")).detail,
    'an HTML page titled "article page"',
  );
});

Deno.test("wallOf() finds walls in front of pages about works and of APIs", () => {
  const challenge = "<title>Just a moment...</title>";
  const cases: readonly (readonly [number, string, string | null])[] = [
    [200, challenge, "bot-wall"],
    [403, challenge, "bot-wall"],
    [500, challenge, null],
    [200, `<html><input type=password>${article}</html>`, "login-wall"],
    [200, `<html><a>Institutional access</a>${article}</html>`, null],
    [403, `<html><a>Institutional access</a>${article}</html>`, "login-wall"],
    [403, "<html>Forbidden</html>", null],
    [401, "", "login-wall"],
    [403, '{"url":"https://geo.captcha-delivery.com/captcha/?x=1"}', "bot-wall"],
    [200, '{"url":"https://geo.captcha-delivery.com/captcha/?x=1"}', null],
    [200, '{"title":"Just a moment..."}', null],
  ];
  for (const [status, body, wall] of cases) {
    assert.equal(wallOf(status, body), wall, `${status} ${body.slice(0, 80)}`);
  }
});

Deno.test("classifyBody() takes no more than a moment, whatever a page holds", () => {
  // Each repeats what one of the patterns begins with and never ends it.
  for (const piece of ["<", "<script", "<!--", "<input ", "<title ", "<h1>", "<?", "please ", "name = "]) {
    const page = `<html>${piece.repeat(65_536 / piece.length)}`;
    const started = performance.now();
    classifyBody(bytesOf(page));
    assert.ok(performance.now() - started < 1_000, piece);
  }
});

function toBytes(body: string | Uint8Array): Uint8Array {
  return typeof body === "string" ? bytesOf(body) : body;
}
