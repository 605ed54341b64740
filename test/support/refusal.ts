/** What the SDK throws when it is refused, as a check for `assert.rejects`. */
import { ApiException } from 'svix';

/** Status and code as expected; a 422 of wrong fields has no code but names `loc`, dotted, as its first field. */
export function refusal(status: number, codeOrLoc: string): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof ApiException)) return false;
    const body = (typeof error.body === 'string' ? JSON.parse(error.body) : error.body) as {
      code?: string;
      detail: unknown;
    };
    const first = Array.isArray(body.detail)
      ? (body.detail[0] as { loc: string[] }).loc.join('.')
      : undefined;
    return error.code === status && (body.code === codeOrLoc || first === codeOrLoc);
  };
}
