/**
 * The address policy: which IP addresses deliveries may reach. Everything that is not plainly public is refused unless
 * a subnet of `POSTHORN_ALLOW_SUBNETS` opens a hole. Pure: text in, verdict out; who connects must ask it about each
 * address that a connection could use.
 */
import { BlockList, isIP } from 'node:net';
import { Problem } from '../core/problem.ts';

export interface Guard {
  /** Why this IP address (any notation, zone id allowed) may not be reached; null = it may. */
  check(address: string): Refusal | null;
}

export interface Refusal {
  readonly address: string;
  /** Completes the sentence "it is …". */
  readonly reason: string;
  /** What to add to the setting to open exactly this address. */
  readonly cidr: string;
}

/** First match names the reason, so the narrower one stands first. IANA special-purpose registries, RFC 6890. */
const REFUSED_V4: readonly (readonly [cidr: string, reason: string])[] = [
  ['169.254.169.254/32', 'the cloud metadata address'],
  ['127.0.0.0/8', 'a loopback address'],
  ['0.0.0.0/32', 'the unspecified address'],
  ['0.0.0.0/8', 'an address of "this network"'],
  ['10.0.0.0/8', 'a private address'],
  ['172.16.0.0/12', 'a private address'],
  ['192.168.0.0/16', 'a private address'],
  ['169.254.0.0/16', 'a link-local address'],
  ['100.64.0.0/10', 'a carrier-grade NAT address'],
  ['192.0.0.0/24', 'an IETF protocol address'],
  ['192.88.99.0/24', 'a 6to4 relay address'],
  ['192.0.2.0/24', 'a documentation address'],
  ['198.51.100.0/24', 'a documentation address'],
  ['203.0.113.0/24', 'a documentation address'],
  ['198.18.0.0/15', 'a benchmarking address'],
  ['224.0.0.0/4', 'a multicast address'],
  ['255.255.255.255/32', 'the broadcast address'],
  ['240.0.0.0/4', 'a reserved address'],
];

const REFUSED_V6: readonly (readonly [cidr: string, reason: string])[] = [
  ['::1/128', 'a loopback address'],
  ['::/128', 'the unspecified address'],
  ['::ffff:0:0/96', 'an IPv4-mapped address'],
  ['::/96', 'an IPv4-compatible address'],
  ['64:ff9b::/96', 'a NAT64 address'],
  ['64:ff9b:1::/48', 'a local NAT64 address'],
  ['100::/64', 'a discard-only address'],
  ['2001::/32', 'a Teredo address'],
  ['2001:2::/48', 'a benchmarking address'],
  ['2001:db8::/32', 'a documentation address'],
  ['3fff::/20', 'a documentation address'],
  ['2001::/23', 'an IETF protocol address'],
  ['2002::/16', 'a 6to4 address'],
  ['5f00::/16', 'a segment routing address'],
  ['fd00:ec2::254/128', 'the cloud metadata address'],
  ['fc00::/7', 'a unique local address'],
  ['fe80::/10', 'a link-local address'],
  ['fec0::/10', 'a site-local address'],
  ['ff00::/8', 'a multicast address'],
  // Only 2000::/3 is given out for global unicast (RFC 4291 §2.4); what is left on both sides of it is reserved.
  ['::/3', 'a reserved address'],
  ['4000::/2', 'a reserved address'],
  ['8000::/1', 'a reserved address'],
];

const V4_RULES = REFUSED_V4.map(([cidr, reason]) => ({ reason, list: listOf([cidr]) }));
const V6_RULES = REFUSED_V6.map(([cidr, reason]) => ({ reason, list: listOf([cidr]) }));

/** Throws Problem `validation` when a subnet is not a CIDR or an IP address. */
export function makeGuard(allowSubnets: readonly string[]): Guard {
  const allowedV4 = listOf(allowSubnets.filter((subnet) => !subnet.includes(':')));
  const allowedV6 = listOf(allowSubnets.filter((subnet) => subnet.includes(':')));

  function checkV4(address: string): Refusal | null {
    if (allowedV4.check(address, 'ipv4')) return null;
    const rule = V4_RULES.find(({ list }) => list.check(address, 'ipv4'));
    return rule === undefined ? null : { address, reason: rule.reason, cidr: `${address}/32` };
  }

  function checkV6(address: string): Refusal | null {
    const embedded = embeddedV4(groupsOf(address));
    // A hole for a whole NAT64 or 6to4 prefix does not open the private IPv4 addresses that can be written inside it.
    if (allowedV6.check(address, 'ipv6')) return embedded === null ? null : checkV4(embedded);
    if (embedded !== null && allowedV4.check(embedded, 'ipv4')) return null;
    const rule = V6_RULES.find(({ list }) => list.check(address, 'ipv6'));
    if (rule === undefined) return null;
    if (embedded === null) return { address, reason: rule.reason, cidr: `${address}/128` };
    const inner = checkV4(embedded);
    const reason = `${rule.reason} of ${embedded}${inner === null ? '' : `, ${inner.reason}`}`;
    return { address, reason, cidr: inner === null ? `${address}/128` : inner.cidr };
  }

  return {
    check(text) {
      const address = canonicalAddress(text);
      if (address === null) return { address: text, reason: 'not an IP address', cidr: text };
      return address.includes(':') ? checkV6(address) : checkV4(address);
    },
  };
}

/**
 * The sentence for people; `host` = the name that led to the address, when it was not given as an address. Then the
 * address is left out: who may write endpoints must not read the names and addresses of the network that we run in.
 */
export function describeRefusal(refusal: Refusal, host?: string): string {
  const { address, reason, cidr } = refusal;
  if (host === undefined)
    return `${address} is ${reason}; to allow it, add ${cidr} to POSTHORN_ALLOW_SUBNETS`;
  return `${host} resolves to ${kindOf(reason)}; to allow it, add its network to POSTHORN_ALLOW_SUBNETS`;
}

/** Without the IPv4 address that an IPv6 one stands for. */
function kindOf(reason: string): string {
  return reason.replace(/ of [\d.]+/, '');
}

/** True when the address (any notation) is in one of the subnets, which must be valid. */
export function isInSubnets(text: string, subnets: BlockList): boolean {
  const address = canonicalAddress(text);
  return address !== null && subnets.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}

/** CIDRs and bare addresses as a list. Throws Problem `validation`, naming the setting, when one of them is neither. */
export function listOf(subnets: readonly string[], setting = 'POSTHORN_ALLOW_SUBNETS'): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) addSubnet(list, subnet, setting);
  return list;
}

function addSubnet(list: BlockList, subnet: string, setting: string): void {
  const [base = '', bits, ...rest] = subnet.split('/');
  const family = isIP(base);
  const most = family === 6 ? 128 : 32;
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (family === 0 || rest.length > 0 || prefix < 0 || prefix > most) {
    throw new Problem(
      'validation',
      `${setting}: "${subnet}" is not a subnet; write it as 10.1.0.0/16 or fd12::/48`,
    );
  }
  // Node's BlockList treats ::ffff:0:0/96 as all of IPv4 too, so lists of IPv4 and IPv6 rules are kept apart.
  list.addSubnet(base, prefix, family === 6 ? 'ipv6' : 'ipv4');
}

/** One spelling per address: no zone id, no brackets, IPv6 compressed in hexadecimal. null = not an IP address. */
function canonicalAddress(text: string): string | null {
  const zone = text.indexOf('%');
  const bare = (zone < 0 ? text : text.slice(0, zone)).replace(/^\[|\]$/g, '');
  const family = isIP(bare);
  if (family === 0) return null;
  return family === 4 ? bare : new URL(`http://[${bare}]/`).hostname.slice(1, -1);
}

/** The eight 16-bit groups of a canonical IPv6 address. */
function groupsOf(address: string): readonly number[] {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<string>(zeros).fill('0'), ...right].map((group) => Number.parseInt(group, 16));
}

/** The IPv4 address that an IPv6 one stands for (mapped, compatible, well-known NAT64, 6to4), or null. */
function embeddedV4(groups: readonly number[]): string | null {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  if (a === 0x2002) return dotted(b, c);
  if ((c | d | e) !== 0) return null;
  if (a === 0x64 && b === 0xff9b && f === 0) return dotted(g, h);
  if (a !== 0 || b !== 0) return null;
  if (f === 0xffff) return dotted(g, h);
  // ::1 and :: are the loopback and the unspecified address, not 0.0.0.1 and 0.0.0.0.
  return f === 0 && (g !== 0 || h > 1) ? dotted(g, h) : null;
}

function dotted(high: number, low: number): string {
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
