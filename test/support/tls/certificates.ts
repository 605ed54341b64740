/** Test-only certificates and keys, as PEM text; README.md says what each one is. */
import { readFileSync } from 'node:fs';

export type CertificateName = 'server' | 'client' | 'other-host' | 'expired' | 'self-signed';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export function certificate(name: CertificateName): Certificate {
  return { cert: pem(`${name}.cert.pem`), key: pem(`${name}.key.pem`) };
}

/** The authority that signed them. */
export const TEST_CA = pem('ca.cert.pem');

function pem(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}
