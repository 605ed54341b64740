/** An operator, an account and a user of NATS, each signed by the one before (JWT v2), as `nsc` would make them. */
import { nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

export interface NatsLogin {
  /** For the server's configuration. */
  readonly authorization: string;
  /** For the client: a `.creds` file. */
  readonly creds: string;
}

export function natsLogin(): NatsLogin {
  const operator = nkeys.createOperator();
  const account = nkeys.createAccount();
  const user = nkeys.createUser();
  const free = { subs: -1, data: -1, payload: -1 };
  const limits = { ...free, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const operatorJwt = jwt(operator, operator, { type: 'operator' });
  const accountJwt = jwt(operator, account, { type: 'account', limits });
  const userJwt = jwt(account, user, { type: 'user', pub: {}, sub: {}, ...free });
  const block = (name: string, text: string): string =>
    `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n`;
  return {
    authorization: `
operator: ${operatorJwt}
resolver: MEMORY
resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }
`,
    creds: block('NATS USER JWT', userJwt) + block('USER NKEY SEED', Buffer.from(user.getSeed()).toString()),
  };
}

function jwt(issuer: KeyPair, subject: KeyPair, claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const [iss, sub] = [issuer.getPublicKey(), subject.getPublicKey()];
  const payload = { jti: sub, iat: 1_700_000_000, iss, name: 'test', sub, nats: { ...claims, version: 2 } };
  const signed = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(payload)}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`;
}
