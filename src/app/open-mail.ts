/** The node's mail port, where the settings ask for one. */
import { hostname } from 'node:os';
import { BadSetting } from '../config/parse.ts';
import type { Config } from '../config/settings.ts';
import type { Engine } from '../engine/engine.ts';
import { systemDns } from '../inbound/mail/system-dns.ts';
import { openSmtpListener } from '../inbound/smtp/open-smtp-listener.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';

export interface OpenMail {
  /** Takes no more mail, lets what is being stored be answered, closes. */
  close(): Promise<void>;
}

/** PEM texts, or null. Throws BadSetting when one is given without the other. */
export function mailTls({
  smtpTlsCert: cert,
  smtpTlsKey: key,
}: Config): { cert: string; key: string } | null {
  if (cert === null && key === null) return null;
  if (cert === null) throw new BadSetting('POSTHORN_SMTP_TLS_CERT', 'is needed beside the key.');
  if (key === null) throw new BadSetting('POSTHORN_SMTP_TLS_KEY', 'is needed beside the certificate.');
  return { cert, key };
}

export async function openMail(
  config: Config,
  { engine, clock, log }: { engine: Engine; clock: Clock; log: Log },
): Promise<OpenMail | null> {
  const { smtpListen, publicUrl } = config;
  if (smtpListen === null) return null;
  const listener = await openSmtpListener({
    listen: smtpListen,
    tls: mailTls(config),
    directory: engine.mailboxes,
    dns: systemDns(),
    name: publicUrl === null ? hostname() : new URL(publicUrl).hostname,
    clock,
    log,
  });
  log.info('smtp.listening', { host: smtpListen.host, port: listener.port });
  return listener;
}
