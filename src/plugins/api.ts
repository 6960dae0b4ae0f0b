/**
 * What an author of a resolver plugin needs to know.
 *
 * A plugin is one `.ts` or `.js` file whose default export satisfies {@link ResolverPlugin}. It is loaded at run
 * time and runs in a sandbox without any privilege: no file, no socket, no variable, no `import` but
 * `import type`, which is erased. It has the ES2023 built-ins and `URL`, `URLSearchParams`, `TextEncoder`,
 * `TextDecoder`, `atob`, `btoa` and a `console` that writes to the log; whatever else it needs comes in by
 * {@link ResolverContext}.
 *
 * The host limits rates and retries. A plugin asks its provider as if it were alone in the world: when
 * a limit is reached, the host abandons the call and repeats it later, so `await ctx.fetch(…)` then never
 * returns, and code after it does not run. The repeated call is told the answers that the first one had, without
 * their being asked for again, so it should ask for the same in the same way.
 *
 * @example A complete plugin
 * ```ts
 * import type { ResolverPlugin } from "../src/plugins/api.ts";
 *
 * const settings = {
 *   base_url: { type: "url", default: "https://api.example.org" },
 * } as const;
 *
 * export default {
 *   name: "example",
 *   version: "1.0.0",
 *   hosts: ["api.example.org"],
 *   tier: 2,
 *   accepts: ["doi"],
 *   limits: { concurrency: 2, rates: ["5/s"] },
 *   settings,
 *   async resolve(artifact, ctx) {
 *     const answer = await ctx.fetch(`${ctx.settings.base_url}/pdf/${artifact.ids.doi}`);
 *     if (answer.status === 404) return { candidates: [], verdict: "not-found" };
 *     return { candidates: [{ url: answer.text().trim(), kind: "pdf" }] };
 *   },
 * } satisfies ResolverPlugin<typeof settings>;
 * ```
 *
 * @module
 */

/** A kind of identifier, without which a plugin cannot start: see {@link ResolverPlugin.accepts}. */
export type PluginIdKind = "doi" | "arxiv" | "pmid" | "pmcid" | "openalex" | "url";

/**
 * Ids of one work without a prefix. The host gives them normalised: `doi` in lower case from `10.` on, `arxiv` such
 * as `1605.08386` without version, `pmid` digits, `pmcid` such as `PMC4234579`, `openalex` such as `W2109415576`. A
 * plugin may give them in any form that stands for the same, such as `https://openalex.org/W2109415576`; one that is
 * no id of its kind makes the whole answer invalid.
 */
export type PluginIds = { readonly [kind in PluginIdKind]?: string };

/** The work to look for. */
export interface PluginArtifact {
  /** Kind and value of the id it was asked for by, such as `doi:10.1371/journal.pone.0213978`. */
  readonly id: string;
  /** Every id known so far; at least one of a kind that the plugin accepts. */
  readonly ids: PluginIds;
  /** What the operator gave beside the id. Which version of an arXiv paper was asked for, if any, stands in `arxiv` here. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A URL that may give the full text. */
export interface PluginCandidate {
  /** An absolute http or https URL without credentials, at most 4,096 characters. */
  readonly url: string;
  /** `pdf` if the provider says that this is the file, `landing` if it is a page about the work. */
  readonly kind: "pdf" | "landing";
  /** Which version of the work it is. @default null, for unknown */
  readonly version?: "published" | "accepted" | "submitted" | null;
  /** The licence as the provider states it, such as `cc-by`. @default null, for unknown */
  readonly license?: string | null;
}

/** What a plugin found. */
export interface ResolverResult {
  /** At most 100, best first. Empty if the provider names none. */
  readonly candidates: readonly PluginCandidate[];
  /** Ids that the provider knows of the same work; they let other resolvers start. */
  readonly ids?: PluginIds;
  /**
   * States what the provider says of a work without a candidate, or the wall that kept the plugin from reading it (see
   * {@link PluginResponse.wall}); leave it out when the provider is silent.
   */
  readonly verdict?: "closed-access" | "not-found" | "bot-wall" | "login-wall";
  /** The page that was the wall, such as the answer itself; must be given with the verdict of a wall. */
  readonly page?: Pick<PluginResponse, "url" | "status">;
}

/** The type of a setting; `url` is an absolute http or https URL and loses its trailing slash. */
export type SettingType = "string" | "number" | "boolean" | "url";

/** Declares one setting: the operator sets it by `resolvers.<plugin>.<setting>` in the configuration. */
export interface SettingDeclaration {
  /** What its value must be. */
  readonly type: SettingType;
  /** One line for people. */
  readonly description?: string;
  /** Whether the plugin is unusable without it. @default false */
  readonly required?: boolean;
  /** Whether its value must not appear in logs and listings. @default false */
  readonly secret?: boolean;
  /**
   * The environment variable that it can be set by, which wins over the configuration file; written out in the file as
   * one text. It must begin with the plugin's name in upper case and `_`, such as `MY_LIBRARY_KEY` for `my_library`,
   * or with `CONTENTDOWNLOAD_`, then without two underscores in a row: those set configuration keys. A plugin that
   * names another is broken, and one whose variable holds no value of the setting's type is left out.
   */
  readonly env?: string;
  /** Its value when the operator gives none. */
  readonly default?: string | number | boolean;
}

/**
 * The settings of a plugin, by name in snake case. A `base_url` of type `url`, and every `…_base_url`, is taken
 * as an origin of the provider: its host counts as one of {@link ResolverPlugin.hosts}.
 *
 * `enabled`, `tier` and `limits` cannot be declared: the host understands them for every plugin. A setting
 * named `email` falls back to `contact.email` of the configuration.
 */
export type SettingsDeclaration = { readonly [setting: string]: SettingDeclaration };

/** What the value of a setting is in the plugin, by its type. */
export interface SettingValues {
  /** Any text. */
  readonly string: string;
  /** An absolute URL without its trailing slash. */
  readonly url: string;
  /** A finite number. */
  readonly number: number;
  /** True or false. */
  readonly boolean: boolean;
}

/** The values of the settings that `Declared` declares; optional ones without a default may be undefined. */
export type SettingsOf<Declared extends SettingsDeclaration> = {
  readonly [name in keyof Declared]:
    | SettingValues[Declared[name]["type"]]
    | (Declared[name] extends { readonly required: true } | { readonly default: string | number | boolean }
      ? never
      : undefined);
};

/** An answer by which a provider says that a limit is reached, other than the status 429. */
export interface RefusalSign {
  /** The status that says so. */
  readonly status: number;
  /** Text that its body contains, in any case. @default any body */
  readonly bodyIncludes?: string;
}

/**
 * What a provider allows. All of it holds for all hosts of the plugin together; for one that asks any host (`*`), each host
 * has its own limits besides.
 */
export interface PluginLimits {
  /** Requests at a time. @default `orchestrator.max_per_host`; unlimited for one that asks any host */
  readonly concurrency?: number;
  /**
   * `<count>/<number><ms, s, m, h or d>`, such as `10/s`, `1/3s` or `0.2/s`; all hold together. @default none: begins gently, and finds
   * out
   */
  readonly rates?: readonly string[];
  /** Calls a day, in the provider's own units. @default unlimited */
  readonly dailyBudget?: number;
}

/** Limits that hold if all settings named by `when` are set; of several cases the first that holds counts. */
export interface LimitCase extends PluginLimits {
  /** Names of settings. @default none: the case holds always */
  readonly when?: readonly string[];
}

/** What {@link ResolverContext.fetch} may be told beside the URL. */
export interface PluginRequestInit {
  /** Header fields by name; those that belong to the client, such as `host`, are refused. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer, after redirects. */
export interface PluginResponse {
  /** The HTTP status. */
  readonly status: number;
  /** The URL that answered, after redirects. */
  readonly url: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * What came in place of the page, as far as the host knows its marks: a check for robots, or a login. A page about a work
   * may have a field to log in with, too.
   */
  readonly wall: "bot-wall" | "login-wall" | null;
  /**
   * The body, decoded as UTF-8; empty for a PDF, which is for the download to read: name its URL as a candidate.
   *
   * @throws {RangeError} If it is too large for a plugin, from 2 million characters on.
   */
  text(): string;
  /**
   * The body read as JSON.
   *
   * @throws {SyntaxError} If it is not JSON; the message shows how it begins.
   */
  json(): unknown;
}

/** The attributes of one tag, by lower-case name, entities decoded. */
export type TagAttributes = Readonly<Record<string, string>>;

/** What a web page says about itself: the first tags, up to 256 thousand characters in all. */
export interface HtmlSummary {
  /** The attributes of each `<meta>`. */
  readonly meta: readonly TagAttributes[];
  /** The attributes of each `<link>`. */
  readonly links: readonly TagAttributes[];
  /** The `href` of `<base>`, as it stands in the page. */
  readonly base?: string;
}

/** One element of an XML document. */
export interface XmlElement {
  /** With its prefix as written, such as `opensearch:totalResults`. */
  readonly name: string;
  /** By name as written. */
  readonly attributes: TagAttributes;
  /** The text directly in it, trimmed. */
  readonly text: string;
  /** The elements directly in it, in order. */
  readonly children: readonly XmlElement[];
}

/** Writes to the host's log; at most 100 lines a call. */
export interface PluginLog {
  /** Writes at the level `info`. */
  (message: string): void;
  /** For whoever looks for a fault. */
  debug(message: string): void;
  /** For whoever wants to follow. */
  info(message: string): void;
  /** For what is odd, and no failure. */
  warn(message: string): void;
  /** For what failed. */
  error(message: string): void;
}

/** What a plugin can do beside computing. */
export interface ResolverContext<Declared extends SettingsDeclaration = SettingsDeclaration> {
  /** The settings in force, defaults included. */
  readonly settings: SettingsOf<Declared>;
  /**
   * Sends a GET request. Redirects are followed; at most 50 requests a call, four at a time. Statuses such as
   * 404 are answers, not errors; limits, refused connections and time-outs never come back, the host deals with
   * them.
   *
   * @throws {TypeError} If the URL is invalid or its host is not one that the plugin declares.
   */
  fetch(url: string | URL, init?: PluginRequestInit): Promise<PluginResponse>;
  /** Writes to the host's log. */
  readonly log: PluginLog;
  /**
   * Reads `<meta>`, `<link>` and `<base>` of a web page, however broken it is.
   *
   * @param source The page's text, or better the answer itself: a large page then stays out of the plugin's memory.
   */
  html(source: string | PluginResponse): HtmlSummary;
  /**
   * Reads an XML document and gives its root element.
   *
   * @param source The document's text, or the answer itself.
   * @throws {SyntaxError} If it has no root element, or is too large.
   */
  xml(source: string | PluginResponse): XmlElement;
}

/** The default export of a plugin file. */
export interface ResolverPlugin<Declared extends SettingsDeclaration = SettingsDeclaration> {
  /** In snake case; the operator's name for it, and that of its limit group. */
  readonly name: string;
  /** Its own version, such as `1.0.0`. */
  readonly version: string;
  /**
   * Hosts that it asks, in lower case: `api.example.org`, `*.example.org` for all below it, or `*` for any. A
   * host with another port than the scheme's own is written with it.
   */
  readonly hosts: readonly string[];
  /** From 0; lower tiers are asked first, and later ones only if no earlier one led to a file. */
  readonly tier: number;
  /** The kinds of ids that it can start from; one of them suffices. */
  readonly accepts: readonly PluginIdKind[];
  /** What its provider allows. @default no limits */
  readonly limits?: PluginLimits | readonly LimitCase[];
  /** Hosts whose *downloads* count in the plugin's limit group too. @default none */
  readonly sharedHosts?: readonly string[];
  /** Answers by which its provider says that a limit is reached, beside 429. @default none */
  readonly refusals?: readonly RefusalSign[];
  /** The settings that it has. @default none */
  readonly settings?: Declared;
  /**
   * Looks for the full text of one work. Several calls may be under way at once in the same instance. An error
   * thrown says that the resolver failed for this work; the host tries again later.
   */
  resolve(artifact: PluginArtifact, ctx: ResolverContext<Declared>): Promise<ResolverResult> | ResolverResult;
}
