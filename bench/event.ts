/** The bench's event: a 1 KB JSON payload that carries its number at a fixed place. */
const DIGITS = 10;
const MARK = '"n":"';
const PAYLOAD_BYTES = 1024;

/** A payload of exactly 1024 bytes. */
export function payload(n: number): string {
  const head = `{${MARK}${String(n).padStart(DIGITS, '0')}","kind":"order.paid","customer":{"id":"cus_2aZk","country":"DE"},"lines":[`;
  const line = '{"sku":"A-100","quantity":2,"price":{"amount":1999,"currency":"EUR"}},';
  const tail = '{"sku":"END"}],"note":"';
  const lines = line.repeat(9);
  return `${head}${lines}${tail}${'x'.repeat(PAYLOAD_BYTES - head.length - lines.length - tail.length - 2)}"}`;
}

/** The number in a delivered body; -1 = none. */
export function numberIn(body: Buffer): number {
  const at = body.indexOf(MARK);
  return at < 0 ? -1 : Number(body.toString('latin1', at + MARK.length, at + MARK.length + DIGITS));
}

/** A request as bytes with a hole for the number, so that the generator costs as little as it can. */
export function requestTemplate(options: {
  path: string;
  port: number;
  token: string | null;
  wrap: boolean;
  githubSecret?: string | null;
}): { bytes: Buffer; hole: number; bodyAt: number; signatureAt: number } {
  const body = options.wrap ? `{"eventType":"bench.order","payload":${payload(0)}}` : payload(0);
  const head = [
    `POST ${options.path} HTTP/1.1`,
    `Host: 127.0.0.1:${options.port}`,
    'Content-Type: application/json',
    ...(options.token ? [`Authorization: Bearer ${options.token}`] : []),
    ...(options.githubSecret
      ? ['X-GitHub-Event: push', `X-Hub-Signature-256: sha256=${'0'.repeat(64)}`]
      : []),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    '',
  ].join('\r\n');
  const bytes = Buffer.from(head + body);
  const signed = bytes.indexOf('sha256=');
  return {
    bytes,
    hole: bytes.indexOf(MARK) + MARK.length,
    bodyAt: Buffer.byteLength(head),
    signatureAt: options.githubSecret && signed > 0 ? signed + 'sha256='.length : 0,
  };
}

export function writeNumber(bytes: Buffer, hole: number, n: number): void {
  bytes.write(String(n).padStart(DIGITS, '0'), hole, 'latin1');
}
