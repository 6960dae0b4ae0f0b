/**
 * Which hosts a plugin may ask.
 *
 * @module
 */

/**
 * Whether a URL's host is one of those that a plugin declares.
 *
 * @param hosts `api.example.org`, `*.example.org` (all below, not itself) or `*`; with `:port` where the port is not
 * the scheme's own.
 */
export function isDeclaredHost(url: URL, hosts: Iterable<string>): boolean {
  for (const declared of hosts) {
    if (declared === "*" || declared === url.host) return true;
    if (declared.startsWith("*.") && url.host.endsWith(declared.slice(1))) return true;
  }
  return false;
}
