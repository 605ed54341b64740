/** An open connection to an XMPP server, with TLS on it unless the source says otherwise. */
import { resolveSrv } from 'node:dns/promises';
import type { Socket } from 'node:net';
import type { Web } from '../../ports/web.ts';
import { type DialTls, dial, secured } from '../dial.ts';
import type { XmppSettings } from './settings.ts';

const NS_TLS = 'urn:ietf:params:xml:ns:xmpp-tls';
const NEGOTIATED_WITHIN_MS = 15_000;
/** Of the server's stream header and its features. */
const FEATURES_CHARS_MAX = 65_536;

/**
 * The certificate must be the domain's (RFC 6120 §13.7.1.2), whatever host the domain names. STARTTLS is negotiated
 * here, before anything that reads XML has seen the connection: what a stranger put in the clear is thrown away, and a
 * server that does not offer it gets no password.
 */
export async function dialXmpp(web: Web, settings: XmppSettings, signal: AbortSignal): Promise<Socket> {
  const { domain, tls, tlsCa } = settings;
  const trust: DialTls = { name: domain, ...(tlsCa && { ca: tlsCa }) };
  const { host, port } = await addressOf(settings);
  const socket = await dial(web, { host, port, tls: tls === 'direct' ? trust : null }, signal);
  if (tls !== 'starttls') return socket;
  try {
    await startTls(socket, domain);
    return await secured(socket, domain, trust, signal);
  } catch (error) {
    socket.on('error', () => {}); // Its last words are not of interest.
    socket.destroy();
    throw error;
  }
}

/** RFC 6120 §3.2.1, XEP-0368. Of several servers the most wanted is asked; a failure asks again. */
async function addressOf({ host, port, domain, tls }: XmppSettings): Promise<{ host: string; port: number }> {
  const usual = tls === 'direct' ? 5223 : 5222;
  if (host !== undefined) return { host, port: port ?? usual };
  const service = tls === 'direct' ? '_xmpps-client' : '_xmpp-client';
  const records = await resolveSrv(`${service}._tcp.${domain}`).catch(() => []);
  const [first] = records.toSorted((a, b) => a.priority - b.priority || b.weight - a.weight);
  if (first === undefined) return { host: domain, port: usual };
  if (first.name === '' || first.name === '.') throw new Error(`${domain} says that it has no XMPP service.`);
  return { host: first.name, port: first.port };
}

async function startTls(socket: Socket, domain: string): Promise<void> {
  const reader = textReader(socket);
  try {
    socket.write(
      `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' ` +
        `xmlns:stream='http://etherx.jabber.org/streams'>`,
    );
    const features = await reader.until(/<\/stream:features>|<stream:features\/>|<\/stream:stream>/);
    if (!features.includes(NS_TLS))
      throw new Error(
        `${domain} offers no STARTTLS; set \`tls\` to \`direct\` if it has TLS at another port.`,
      );
    socket.write(`<starttls xmlns='${NS_TLS}'/>`);
    const answer = await reader.until(/<(proceed|failure)\b[^>]*>/);
    if (!/<proceed\b[^>]*\/>$|<proceed\b[^>]*>$/.test(answer))
      throw new Error(`${domain} offers STARTTLS and then refuses it.`);
  } finally {
    reader.release();
  }
}

/** Text of the connection up to what is looked for; more than that would be what somebody put in between. */
function textReader(socket: Socket): { until(end: RegExp): Promise<string>; release(): void } {
  let text = '';
  let look: () => void = () => {};
  let fail: (error: Error) => void = () => {};
  const read = (chunk: Buffer): void => {
    text += chunk.toString('utf8');
    look();
  };
  const end = (): void => fail(new Error('The server closed the connection before TLS.'));
  const timer = setTimeout(
    () => fail(new Error(`The server did not begin TLS within ${NEGOTIATED_WITHIN_MS / 1000} s.`)),
    NEGOTIATED_WITHIN_MS,
  );
  socket.on('data', read).on('close', end).on('error', end);
  return {
    until: (wanted) =>
      new Promise((resolve, reject) => {
        fail = reject;
        look = () => {
          if (text.length > FEATURES_CHARS_MAX) reject(new Error('The server’s greeting is too long.'));
          if (!wanted.test(text)) return;
          resolve(text);
          text = '';
        };
        look();
      }),
    release() {
      clearTimeout(timer);
      fail = () => {};
      socket.off('data', read).off('close', end).off('error', end);
      socket.pause();
    },
  };
}
