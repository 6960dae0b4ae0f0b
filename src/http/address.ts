/**
 * IP addresses and ranges, and which of them are not the public Internet.
 *
 * @module
 */

/** An IP address as a number of 32 or 128 bits. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** All addresses that share the first `prefixBits` bits of `base`. */
export interface AddressRange {
  readonly base: Address;
  readonly prefixBits: number;
}

/**
 * Reads an address in its usual text form: dotted decimal, or RFC 4291 hexadecimal with or without brackets, a
 * dotted tail and a zone. Other spellings (octal, hexadecimal, one number) are for the URL parser to normalise.
 *
 * @returns The address, or `null` if `text` is none.
 */
export function parseAddress(text: string): Address | null {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  return bare.includes(":") ? parseV6(bare.replace(/%.*$/, "")) : parseV4(bare);
}

/**
 * Reads `address/bits`, or an address alone, which is the range of itself.
 *
 * @returns The range, or `null` if `text` is none.
 */
export function parseAddressRange(text: string): AddressRange | null {
  const [addressText = "", bitsText, ...rest] = text.split("/");
  const base = parseAddress(addressText);
  if (base === null || rest.length > 0) return null;
  if (bitsText === undefined) return { base, prefixBits: widthOf(base) };
  if (!/^\d{1,3}$/.test(bitsText) || Number(bitsText) > widthOf(base)) return null;
  return { base, prefixBits: Number(bitsText) };
}

/** Whether `address` lies in `range`; a range of one family holds no address of the other. */
export function inRange(address: Address, range: AddressRange): boolean {
  if (address.family !== range.base.family) return false;
  const shift = BigInt(widthOf(address) - range.prefixBits);
  return address.value >> shift === range.base.value >> shift;
}

/**
 * Every address that a connection to `address` may end at: itself, and the IPv4 address that it carries if it is
 * IPv4-mapped, IPv4-compatible (RFC 4291 §2.5.5), NAT64 (RFC 6052), 6to4 (RFC 3056) or Teredo (RFC 4380). A
 * mapped address is nothing but its inner one.
 */
export function facesOf(address: Address): readonly Address[] {
  if (address.family === 4) return [address];
  const { value } = address;
  const low = v4(value & LOW_32);
  if (inRange(address, MAPPED)) return [low];
  if (value === 0n || value === 1n) return [address];
  if (inRange(address, COMPATIBLE) || inRange(address, TRANSLATED) || inRange(address, NAT64)) {
    return [address, low];
  }
  if (inRange(address, SIX_TO_FOUR)) return [address, v4((value >> 80n) & LOW_32)];
  if (inRange(address, TEREDO)) return [address, v4((value >> 64n) & LOW_32), v4((value & LOW_32) ^ LOW_32)];
  return [address];
}

/**
 * Why `address` itself is not a public unicast address, by the registries of RFC 6890; `null` if it is one. The
 * addresses that it carries are not looked at: see {@linkcode facesOf}.
 */
export function specialUseOf(address: Address): string | null {
  for (const [range, use] of SPECIAL) if (inRange(address, range)) return use;
  // Fail closed: whatever is added outside the one block of global unicast addresses is refused until it is known.
  return address.family === 6 && !inRange(address, GLOBAL_UNICAST) ? "outside global unicast" : null;
}

/** The address as text: dotted decimal, or eight groups of hexadecimal digits. */
export function formatAddress({ family, value }: Address): string {
  const [bits, count, radix, separator] = family === 4
    ? [8n, 4, 10, "."] as const
    : [16n, 8, 16, ":"] as const;
  const parts = Array.from(
    { length: count },
    (_, index) => ((value >> (bits * BigInt(count - 1 - index))) & ((1n << bits) - 1n)).toString(radix),
  );
  return parts.join(separator);
}

const LOW_32 = 0xffff_ffffn;
const MAPPED = range("::ffff:0:0/96");
const TRANSLATED = range("::ffff:0:0:0/96");
const COMPATIBLE = range("::/96");
const NAT64 = range("64:ff9b::/96");
const SIX_TO_FOUR = range("2002::/16");
const TEREDO = range("2001::/32");
const GLOBAL_UNICAST = range("2000::/3");

const SPECIAL: readonly (readonly [AddressRange, string])[] = [
  [range("0.0.0.0/8"), "this network"],
  [range("10.0.0.0/8"), "private"],
  [range("100.64.0.0/10"), "carrier-grade NAT"],
  [range("127.0.0.0/8"), "loopback"],
  [range("169.254.0.0/16"), "link-local"],
  [range("172.16.0.0/12"), "private"],
  [range("192.0.0.0/24"), "protocol assignments"],
  [range("192.0.2.0/24"), "documentation"],
  [range("192.88.99.0/24"), "6to4 relay"],
  [range("192.168.0.0/16"), "private"],
  [range("198.18.0.0/15"), "benchmarking"],
  [range("198.51.100.0/24"), "documentation"],
  [range("203.0.113.0/24"), "documentation"],
  [range("224.0.0.0/4"), "multicast"],
  [range("240.0.0.0/4"), "reserved"],
  // A public address by the registry, yet Azure answers on it with the machine's own metadata and credentials.
  [range("168.63.129.16"), "Azure platform"],
  [range("::/128"), "unspecified"],
  [range("::1/128"), "loopback"],
  [range("::/96"), "IPv4-compatible"],
  [range("64:ff9b::/96"), "NAT64"],
  [range("64:ff9b:1::/48"), "local NAT64"],
  [range("100::/64"), "discard"],
  [range("2001::/23"), "protocol assignments"],
  [range("2001:db8::/32"), "documentation"],
  [range("2002::/16"), "6to4"],
  [range("3fff::/20"), "documentation"],
  [range("fc00::/7"), "private"],
  [range("fe80::/10"), "link-local"],
  [range("fec0::/10"), "site-local"],
  [range("ff00::/8"), "multicast"],
];

function range(text: string): AddressRange {
  const parsed = parseAddressRange(text);
  if (parsed === null) throw new TypeError(`Cannot read address range: "${text}" is none`);
  return parsed;
}

function v4(value: bigint): Address {
  return { family: 4, value };
}

function widthOf(address: Address): number {
  return address.family === 4 ? 32 : 128;
}

function parseV4(text: string): Address | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return null;
  let value = 0n;
  for (const part of match.slice(1)) {
    // A leading zero means octal to some readers and decimal to others, so it means nothing here.
    if (Number(part) > 255 || (part.length > 1 && part.startsWith("0"))) return null;
    value = (value << 8n) | BigInt(part);
  }
  return v4(value);
}

function parseV6(text: string): Address | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? "", halves.length === 1);
  const tail = groupsOf(halves[1] ?? "", true);
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  let value = 0n;
  for (const group of [...head, ...Array<number>(missing).fill(0), ...tail]) {
    value = (value << 16n) | BigInt(group);
  }
  return { family: 6, value };
}

function groupsOf(text: string, isEnd: boolean): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.includes(".")) {
      const inner = isEnd && index === parts.length - 1 ? parseV4(part) : null;
      if (inner === null) return null;
      groups.push(Number(inner.value >> 16n), Number(inner.value & 0xffffn));
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(parseInt(part, 16));
    else return null;
  }
  return groups;
}
