/** A call of a recipe as it goes out, by HTTP or by mail, and what is answered. */
import { createTransport } from 'nodemailer';
import type { Values } from './fill.ts';
import type { RecipeCall } from './recipe.ts';
import type { Stage } from './stage.ts';

export interface Sent {
  readonly method: string;
  /** Path and query; of a mail, the address. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  /** The envelope's sender; null = this is no mail. */
  readonly mailFrom: string | null;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly eventId: string | null;
}

export function requestOf(call: RecipeCall, values: Values): Sent {
  const { form, body = form === undefined ? null : formText(values.fill(form)) } = call;
  const text = body === null ? null : values.fill(typeof body === 'string' ? body : JSON.stringify(body));
  values.set('body', text ?? '');
  const type =
    form !== undefined
      ? { 'Content-Type': 'application/x-www-form-urlencoded' }
      : typeof body === 'object' && body !== null
        ? { 'Content-Type': 'application/json' }
        : {};
  return {
    method: call.mail === undefined ? (call.method ?? 'POST') : 'MAIL',
    path: values.fill(call.mail?.to ?? call.url ?? '${url}'),
    headers: values.fill({ ...type, ...call.headers }),
    body: text === null ? null : Buffer.from(text),
    mailFrom: call.mail?.from ?? null,
  };
}

export async function send(stage: Stage, sent: Sent): Promise<Answered> {
  if (sent.mailFrom !== null) return sendMail(stage, sent, sent.mailFrom);
  const answer = await fetch(stage.url + sent.path, {
    method: sent.method,
    headers: sent.headers,
    redirect: 'manual',
    ...(sent.body !== null && { body: new Uint8Array(sent.body) }),
  });
  const headers = Object.fromEntries(answer.headers);
  const text = await answer.text();
  return { status: answer.status, headers, text, eventId: headers['posthorn-event-id'] ?? null };
}

async function sendMail({ smtp }: Stage, { path: to, body }: Sent, from: string): Promise<Answered> {
  if (smtp === null)
    throw new Error('This recipe sends mail: say where the mail port is (--smtp HOST:PORT).');
  const transport = createTransport({ ...smtp, name: 'client.test', ignoreTLS: true });
  try {
    const { response } = await transport.sendMail({ envelope: { from, to: [to] }, raw: body ?? '' });
    return answerOf(response);
  } catch (cause) {
    const { response } = cause as { response?: string };
    if (response === undefined) throw cause;
    return answerOf(response);
  } finally {
    transport.close();
  }
}

function answerOf(text: string): Answered {
  return { status: Number(text.slice(0, 3)), headers: {}, text, eventId: /evt_\w+/.exec(text)?.[0] ?? null };
}

function formText(form: Readonly<Record<string, string>>): string {
  return new URLSearchParams({ ...form }).toString();
}
