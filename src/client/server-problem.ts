/** Every way in which a call can fail: the server refused it, or gave no answer at all. */
export class ServerProblem extends Error {
  /** null = no answer came. */
  readonly status: number | null;
  /** The server's code; `unreachable` and `incompatible` are ours. */
  readonly code: string;
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    {
      status,
      code,
      retryAfterMs = null,
    }: { status: number | null; code: string; retryAfterMs?: number | null },
  ) {
    super(message);
    this.name = 'ServerProblem';
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same call may succeed later. */
  get isPassing(): boolean {
    const { status } = this;
    return status === null || status === 408 || status === 429 || status >= 500;
  }
}

const DETAIL_CHARS_MAX = 2000;
const ANSWER_CHARS_MAX = 200;

/** Of an answer that is no success: `{code, detail}`, where `detail` may be a list of wrong fields. */
export function problemOf(response: Response, text: string): ServerProblem {
  const { status } = response;
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
  const { code, detail, errors } = bodyOf(text);
  if (typeof detail === 'string') {
    const sentence = [detail, ...fieldsOf(errors)].join(' ').slice(0, DETAIL_CHARS_MAX);
    return new ServerProblem(sentence, {
      status,
      code: typeof code === 'string' ? code : 'refused',
      retryAfterMs,
    });
  }
  if (Array.isArray(detail)) {
    const sentence = detail.map(fieldText).join('; ').slice(0, DETAIL_CHARS_MAX);
    return new ServerProblem(sentence, { status, code: 'validation', retryAfterMs });
  }
  const sentence = `The server answers ${status} ${text.trim().slice(0, ANSWER_CHARS_MAX)}`.trim();
  return new ServerProblem(sentence, { status, code: 'incompatible', retryAfterMs });
}

/** Of a call that got no answer, or lost its connection. */
export function unreachable(serverUrl: string, cause: unknown): ServerProblem {
  return new ServerProblem(
    `No answer from ${serverUrl} (${reasonOf(cause)}): is the server running, and is this its address?`,
    {
      status: null,
      code: 'unreachable',
    },
  );
}

/** `ECONNREFUSED`, or what is said instead. */
function reasonOf(cause: unknown): string {
  const inner: unknown = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  if (typeof inner === 'object' && inner !== null && 'code' in inner && typeof inner.code === 'string')
    return inner.code;
  return inner instanceof Error ? inner.message : String(inner);
}

interface ProblemBody {
  readonly code?: unknown;
  readonly detail?: unknown;
  readonly errors?: unknown;
}

function bodyOf(text: string): ProblemBody {
  try {
    return Object(JSON.parse(text)) as ProblemBody;
  } catch {
    return {};
  }
}

function fieldText(field: unknown): string {
  const { loc, msg } = Object(field) as { readonly loc?: unknown; readonly msg?: unknown };
  return `${Array.isArray(loc) ? loc.join('.') : 'request'}: ${String(msg)}`;
}

/** Only what the sentence does not say already. */
function fieldsOf(errors: unknown): string[] {
  if (!Array.isArray(errors) || errors.length < 2) return [];
  return errors.map((each) => {
    const { pointer, detail } = Object(each) as { readonly pointer?: unknown; readonly detail?: unknown };
    return `(${String(pointer)}: ${String(detail)})`;
  });
}
