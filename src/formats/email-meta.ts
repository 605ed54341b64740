import { isObject } from '../core/is-object.ts';
import type { Email } from './email-shape.ts';

/** What the way in knows is truer than what a message says of itself. */
export function withMeta(mail: Email, meta: Readonly<Record<string, unknown>>): Email {
  const known = (name: 'envelope' | 'auth' | 'spam'): object =>
    isObject(meta[name]) ? { [name]: meta[name] } : {};
  const tag = typeof meta.tag === 'string' ? { tag: meta.tag } : {};
  return { ...mail, ...known('envelope'), ...known('auth'), ...known('spam'), ...tag };
}
