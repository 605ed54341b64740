/**
 * Who a message is from, as far as DNS can tell: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 9989). What is found
 * becomes fields of the event. Everything is bounded: a stranger's message must not buy more than a little work.
 */
import { Readable } from 'node:stream';
import { setImmediate as breathe } from 'node:timers/promises';
import { authenticate, spf } from 'mailauth';
import type { Clock } from '../../ports/clock.ts';
import { headerSection } from './message-headers.ts';

/** More signatures than any list or forwarder leaves on a message; each costs a look-up and a hash of the body. */
const SIGNATURES_MAX = 10;
const CHUNK_BYTES = 64 * 1024;
const DOMAINS_MAX = 10;

/** As `dns.promises.resolve`; rejects with an error that has a `code`. */
export type DnsQuery = (name: string, type: string) => Promise<string[] | string[][]>;

/** RFC 8601 §2.7: `none`, `pass`, `fail`, `softfail`, `neutral`, `policy`, `temperror`, `permerror`. */
export type Verdict = string;

export interface SenderCheck {
  readonly spf: Verdict;
  readonly spfDomain: string | null;
  /** `pass` when one signature is good, else the first one's. */
  readonly dkim: Verdict;
  /** Domains of good signatures. */
  readonly dkimDomains: readonly string[];
  readonly dmarc: Verdict;
  /** What the author's domain asks for mail that fails: `none`, `quarantine`, `reject`; null = it does not say. */
  readonly dmarcPolicy: string | null;
}

export interface Sending {
  readonly message: Buffer;
  /** '' = the null sender. */
  readonly from: string;
  readonly helo: string;
  readonly peer: string;
}

export interface CheckSenderOptions {
  readonly dns: DnsQuery;
  readonly clock: Clock;
  readonly withinMs: number;
  /** What we call ourselves. */
  readonly name: string;
}

const UNKNOWN: SenderCheck = {
  spf: 'temperror',
  spfDomain: null,
  dkim: 'temperror',
  dkimDomains: [],
  dmarc: 'temperror',
  dmarcPolicy: null,
};

/** Never rejects, and answers within the time: what is not known by then is `temperror`. */
export async function checkSender(sending: Sending, options: CheckSenderOptions): Promise<SenderCheck> {
  const { clock, withinMs } = options;
  const late = new AbortController();
  let cancel = (): void => {};
  const outOfTime = new Promise<SenderCheck>((resolve) => {
    cancel = clock.after(withinMs, () => {
      late.abort();
      resolve(UNKNOWN);
    });
  });
  const found = find(sending, options, late.signal).catch(() => UNKNOWN);
  return Promise.race([found, outOfTime]).finally(cancel);
}

async function find(
  sending: Sending,
  { dns, name }: CheckSenderOptions,
  late: AbortSignal,
): Promise<SenderCheck> {
  const { message, from, helo, peer } = sending;
  const resolver: DnsQuery = async (host, type) => {
    if (late.aborted) throw Object.assign(new Error('out of time'), { code: 'ETIMEOUT' });
    return dns(host, type);
  };
  const of = { ip: peer, helo, mta: name, resolver, ...(from !== '' && { sender: from }) };
  if (hasTooManySignatures(message)) return spfAlone(await spf(of));
  const found = await authenticate(Readable.from(chunksOf(message, late)), {
    ...of,
    disableArc: true,
    disableBimi: true,
    rejectRsaSha1: true,
  });
  const good = found.dkim.results.filter(({ status }) => status.result === 'pass');
  const dmarc = found.dmarc || null;
  return {
    ...spfAlone(found.spf || null),
    dkim: good.length > 0 ? 'pass' : (found.dkim.results[0]?.status.result ?? 'none'),
    dkimDomains: good.slice(0, DOMAINS_MAX).map(({ signingDomain }) => signingDomain ?? ''),
    // No author's domain, or several: nothing that DMARC could speak of (RFC 9989 §5.3.1).
    dmarc: dmarc?.status.result ?? 'permerror',
    dmarcPolicy: dmarc?.policy ?? null,
  };
}

function spfAlone(found: { domain?: string; status: { result: string } } | null): SenderCheck {
  return {
    spf: found?.status.result ?? 'none',
    spfDomain: found?.domain ?? null,
    dkim: 'permerror',
    dkimDomains: [],
    dmarc: 'permerror',
    dmarcPolicy: null,
  };
}

function hasTooManySignatures(message: Buffer): boolean {
  const section = headerSection(message);
  if (section === null) return true;
  return (section.toString('latin1').match(/^dkim-signature\s*:/gim)?.length ?? 0) > SIGNATURES_MAX;
}

/** In pieces, so that hashing a large body neither holds the process up nor goes on when nobody waits any more. */
async function* chunksOf(message: Buffer, late: AbortSignal): AsyncGenerator<Buffer> {
  for (let at = 0; at < message.length; at += CHUNK_BYTES) {
    if (late.aborted) throw new Error('out of time');
    yield message.subarray(at, at + CHUNK_BYTES);
    await breathe();
  }
}
