import type { Reason } from "../model/reason.ts";
import type { Wall } from "../model/resolver.ts";

/** Why a body that is no PDF was refused. */
export type NotPdfReason = Extract<Reason, "not-pdf" | "html-instead-of-pdf" | "login-wall" | "bot-wall">;

/** What a body that is no PDF is. */
export interface BodyClass {
  /** The most telling code. */
  readonly reason: NotPdfReason;
  /** What it looks like, for the log. */
  readonly detail: string;
}

/** How much of a page is worth reading to tell what kind of page it is. */
export const PAGE_HEAD_BYTES = 65_536;

/** Statuses behind which a page may say more: a login or a check for robots. */
export const WALL_STATUSES: ReadonlySet<number> = new Set([401, 402, 403, 503]);

/** Visible text of a page that has nothing else to say; on longer ones a mere "sign in" is a link in the margin. */
const SHORT_PAGE_CHARS = 1_500;

/** What the pages of known guards hold, and no page that gives what was asked for. */
const BOT_MARKS = [
  // Cloudflare: the challenge and the block. Its "challenge-platform" script sits on ordinary pages too.
  "<title>just a moment",
  "_cf_chl_opt",
  "cf-browser-verification",
  "cf-error-details",
  "<title>attention required! | cloudflare",
  "checking your browser before",
  // Imperva Incapsula, DataDome, HUMAN (PerimeterX), AWS WAF, Radware, Akamai, DDoS-Guard, Anubis.
  "_incapsula_resource",
  "incapsula incident id",
  "captcha-delivery.com",
  "px-captcha",
  "awswafintegration",
  "validate.perfdrive.com",
  "errors.edgesuite.net",
  "sec-if-cpt-container",
  "<title>ddos-guard",
  "/.within.website/x/cmd/anubis",
  // PubMed Central's proof of work before a PDF.
  "cloudpmc-viewer-pow",
  // Words of guards without a mark of their own.
  "verify you are human",
  "verify that you are human",
  "verifying you are human",
  "verify you are not a robot",
  "are you a robot",
  "not a robot",
  "unusual traffic from your",
  "enable javascript and cookies to continue",
] as const;

const PASSWORD_FIELD = /<input\b[^>]{0,500}\btype\s{0,9}=\s{0,9}["']?password\b/;

/** What asks for a login or an institution's right of access. Bounded repeats: a page can't make them slow. */
const LOGIN_MARKS: readonly RegExp[] = [
  PASSWORD_FIELD,
  /<(?:title|h1|h2)\b[^>]{0,200}>[^<]{0,80}\b(?:sign|log)[ -]?(?:in|on)\b/,
  /\b(?:sign|log) ?in to (?:continue|access|read|view|download|your account|see|get)\b/,
  /\b(?:please|must|need to|have to) (?:first )?(?:sign|log) ?in\b/,
  /\b(?:login|authentication) (?:is )?required\b/,
  /\binstitutional (?:access|login|sign[ -]?in)\b/,
  /\b(?:access|log ?in|sign in) (?:through|via|with) your (?:institution|organi[sz]ation|library|university)\b/,
  /\bshibboleth\b|\bopenathens\b|\bname\s{0,9}=\s{0,9}["']?samlrequest\b/,
];

const MAGICS: readonly (readonly [string, string])[] = [
  ["\x1f\x8b", "gzip data"],
  ["PK\x03\x04", "a ZIP archive"],
  ["%!PS", "PostScript"],
  ["\x89PNG", "a PNG image"],
  ["\xff\xd8\xff", "a JPEG image"],
  ["GIF8", "a GIF image"],
  ["\xd0\xcf\x11\xe0", "an old Office document"],
  ["{\\rtf", "an RTF document"],
];

// deno-lint-ignore no-control-regex -- control characters are what tells binary data from text
const BINARY = /[\0-\x08\x0e-\x1f]/;

/** Tags that begin a page without a doctype (WHATWG MIME Sniffing §7.1). */
const PAGE_START =
  /^<(?:!doctype html|html|head|body|script|iframe|h1|div|font|table|a|style|title|b|br|p|meta|link|form|center|frameset|noscript)[\s>/]/;

/**
 * Says what a body is that was meant to be a PDF and is none.
 *
 * @param head Its first bytes, {@linkcode PAGE_HEAD_BYTES} at best.
 */
export function classifyBody(head: Uint8Array): BodyClass {
  const text = textOf(head);
  if (isHtml(text)) return classifyPage(text.toLowerCase());
  const bytes = String.fromCharCode(...head.subarray(0, 16));
  const magic = MAGICS.find(([start]) => bytes.startsWith(start));
  if (magic) return { reason: "not-pdf", detail: magic[1] };
  const start = text.trimStart();
  if (start === "") return { reason: "not-pdf", detail: "white space" };
  if (start.startsWith("{") || start.startsWith("[")) {
    return isJsonWall(start)
      ? { reason: "bot-wall", detail: "JSON that names captcha-delivery.com" }
      : { reason: "not-pdf", detail: "JSON" };
  }
  if (/^<[?!a-z]/i.test(start)) return { reason: "not-pdf", detail: "XML" };
  return {
    reason: "not-pdf",
    detail: BINARY.test(start.slice(0, 512)) ? "binary data" : "plain text",
  };
}

/**
 * Says whether an answer is a wall, where a page about a work or an API's data was expected: such a page may well have a link
 * to log in, so of a good answer only a field for a password says that there is nothing else.
 */
export function wallOf(status: number, body: string): Wall | null {
  const isGood = status >= 200 && status < 300;
  if (!isGood && !WALL_STATUSES.has(status)) return null;
  const head = body.slice(0, PAGE_HEAD_BYTES);
  const page = isHtml(head) ? head.toLowerCase() : null;
  const reason = page === null ? null : classifyPage(page).reason;
  if (reason === "bot-wall" || (!isGood && page === null && isJsonWall(head))) return "bot-wall";
  // It means that credentials are asked for (RFC 9110 §15.5.2), with or without a page that says so.
  if (status === 401) return "login-wall";
  return reason === "login-wall" && (!isGood || PASSWORD_FIELD.test(page ?? "")) ? "login-wall" : null;
}

/** Guards answer scripts in JSON as well (DataDome). */
function isJsonWall(text: string): boolean {
  return /^\s*[{[]/.test(text) && text.includes("captcha-delivery.com");
}

/** Whether a body that begins like `head` is an HTML page. */
export function looksLikeHtml(head: Uint8Array): boolean {
  return isHtml(textOf(head.subarray(0, 2_048)));
}

function isHtml(text: string): boolean {
  const start = afterProlog(text.slice(0, 2_048)).slice(0, 64).toLowerCase();
  return PAGE_START.test(start) || (start.startsWith("<") && /<html[\s>]/i.test(text.slice(0, 2_048)));
}

/** What follows white space, comments and an XML declaration. */
function afterProlog(text: string): string {
  for (let rest = text.trimStart();;) {
    const end = rest.startsWith("<!--") ? "-->" : rest.startsWith("<?") ? "?>" : null;
    const at = end === null ? -1 : rest.indexOf(end);
    if (end === null || at < 0) return rest;
    rest = rest.slice(at + end.length).trimStart();
  }
}

function classifyPage(page: string): BodyClass {
  const botMark = BOT_MARKS.find((mark) => page.includes(mark));
  if (botMark) return { reason: "bot-wall", detail: `an HTML page with "${botMark}"` };
  for (const mark of LOGIN_MARKS) {
    const found = mark.exec(page);
    if (found) return { reason: "login-wall", detail: `an HTML page with "${found[0].slice(-60)}"` };
  }
  const visible = visibleText(page);
  if (visible.length <= SHORT_PAGE_CHARS) {
    // The widget of a short page stands in its markup alone.
    if (page.includes("captcha")) return { reason: "bot-wall", detail: 'a short HTML page with "captcha"' };
    const words = /\b(?:sign|log)[ -]?in\b|\bsubscribers only\b/.exec(visible);
    if (words) return { reason: "login-wall", detail: `a short HTML page with "${words[0]}"` };
  }
  const title = /<title[^>]{0,200}>([^<]{1,120})/.exec(page)?.[1]?.replace(/\s+/g, " ").trim();
  return { reason: "html-instead-of-pdf", detail: title ? `an HTML page titled "${title}"` : "an HTML page" };
}

/** The text between the tags of a page, in one pass whatever the page holds. */
function visibleText(page: string): string {
  let text = "";
  for (let at = 0; at < page.length;) {
    const tag = page.indexOf("<", at);
    if (tag < 0) return text + page.slice(at);
    text += page.slice(at, tag) + " ";
    const hidden = ["script", "style", "noscript"].find((name) => page.startsWith(name, tag + 1));
    const end = hidden ? `</${hidden}` : page.startsWith("!--", tag + 1) ? "-->" : ">";
    const close = page.indexOf(end, tag + 1);
    if (close < 0) return text;
    // A closing tag is passed over in its turn.
    at = hidden ? close : close + end.length;
  }
  return text.replace(/\s+/g, " ");
}

function textOf(head: Uint8Array): string {
  const [first, second, third] = head;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(head);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(head);
  return latin1(first === 0xef && second === 0xbb && third === 0xbf ? head.subarray(3) : head);
}

/** One character a byte (windows-1252 in truth), so that no charset can hide what is looked for: all of it is ASCII. */
function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
