/**
 * HTTP: the one client, the policy it follows, and what is built on it.
 *
 * @module
 */

export { BodyError } from "./body_error.ts";
export { BodyReader, type BodyReaderOptions } from "./body_reader.ts";
export { createHttpClient } from "./client.ts";
export type {
  GetOptions,
  HttpClient,
  HttpClientOptions,
  LimitSign,
  RobotsContext,
  RobotsVerdict,
  Timeouts,
} from "./http_client.ts";
export type { LookupAddresses } from "./dns.ts";
export type { Failed, HopClosed, HttpResponse, HttpResult, Limited, Refused } from "./http_result.ts";
export { createResolverFetch, type ResolverFetchOptions } from "./resolver_fetch.ts";
export { createRobots, type RobotsOptions } from "./robots.ts";
export { createUrlPolicy, type UrlPolicy, type UrlPolicyOptions } from "./url_policy.ts";
