/** Asking strangers, as opposed to delivering to them: answers are read whole, up to a bound. Guarded as the wire is. */
export interface Web {
  /** Never rejects. Redirects are followed only where asked for, each hop guarded, credentials dropped on another origin. */
  ask(request: WebRequest): Promise<WebAnswer>;
  /**
   * The address to connect to for clients that are no HTTP (mail, chat, queues): all addresses of the name are checked,
   * the first is given. Ask again for every new connection, and keep the name for TLS. Never rejects.
   */
  resolve(host: string): Promise<{ readonly address: string } | { readonly refused: string }>;
  close(): Promise<void>;
}

export interface WebRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  /** Connect, send and receive, all together. */
  readonly timeoutMs: number;
  readonly answerBytesMax: number;
  readonly redirectsMax: number;
}

export type WebAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Lower-case names; several of one name joined with ", ". */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Uint8Array;
      /** Where the answer came from in the end. */
      readonly url: string;
    }
  /** `detail` is a sentence for people; it holds no secret. */
  | { readonly kind: 'unanswered'; readonly detail: string };
