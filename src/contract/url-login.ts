/**
 * `user:password@` of a URL. The compatible API takes credentials there; here they are kept as basic authentication
 * instead, which is encrypted at rest and shown masked, while a URL is shown to everybody who may read an endpoint.
 */
import { invalid } from '../core/problem.ts';

export interface UrlLogin {
  readonly username: string;
  readonly password: string;
}

/** The text around the login stays as it was typed. A login that is empty is none. */
export function splitLogin(text: string): { readonly url: string; readonly login: UrlLogin | null } {
  const [whole, scheme] = /^(https?:\/\/)[^/?#]*@/i.exec(text) ?? [];
  if (whole === undefined || scheme === undefined) return { url: text, login: null };
  const url = scheme + text.slice(whole.length);
  const parsed = URL.parse(text);
  const login = { username: decode(parsed?.username ?? ''), password: decode(parsed?.password ?? '') };
  if (login.username.includes(':')) {
    throw invalid(['body', 'url'], 'A user name of basic authentication holds no ":" (RFC 7617).');
  }
  return { url, login: login.username === '' && login.password === '' ? null : login };
}

/** Whether a login that came with one URL may go to another. */
export function isSameOrigin(one: string, other: string): boolean {
  const origin = URL.parse(one)?.origin;
  return origin !== undefined && origin === URL.parse(other)?.origin;
}

/** A lone % stays as it was typed, which decodeURIComponent refuses. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
