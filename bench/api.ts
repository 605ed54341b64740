/** The few calls that a bench needs to set the server up. */
import type { Server } from './processes.ts';

export async function call<T>(server: Server, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${server.port}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** An application with its endpoints; the path to publish to. */
export async function application(
  server: Server,
  uid: string,
  endpointUrls: readonly string[],
): Promise<string> {
  await call(server, 'POST', '/app', { name: uid, uid });
  for (const url of endpointUrls) await call(server, 'POST', `/app/${uid}/endpoint`, { url });
  return `/api/v1/app/${uid}/msg`;
}
