import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ClientTls } from '../../../core/catalog/resources.ts';
import { invalid } from '../../../core/problem.ts';

/** Refuses PEM texts that no connection could be made with: better now than at the first delivery. */
export function checkTls(tls: ClientTls): ClientTls {
  if (tls.ca !== null) readCertificate(tls.ca, 'ca');
  if (tls.cert === null || tls.key === null) return tls;
  const certificate = readCertificate(tls.cert, 'cert');
  if (!certificate.checkPrivateKey(readKey(tls.key))) {
    throw invalid(['body', 'tls', 'key'], 'This key does not belong to the certificate in `cert`.');
  }
  return tls;
}

function readCertificate(pem: string, member: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw invalid(
      ['body', 'tls', member],
      'This is no PEM certificate: give "-----BEGIN CERTIFICATE-----" and what follows.',
    );
  }
}

function readKey(pem: string) {
  try {
    return createPrivateKey(pem);
  } catch {
    throw invalid(
      ['body', 'tls', 'key'],
      'This is no PEM private key without a passphrase: give it unencrypted.',
    );
  }
}
