/** What a `recipe.json` says, and where the recipes are. */
import { readdirSync, readFileSync } from 'node:fs';

type Texts = Readonly<Record<string, string>>;
type Document = Readonly<Record<string, unknown>>;

/**
 * `${name}` in any text stands for one of `secrets` and `values`, for what `make` makes, or for what the runner knows:
 * `url` (the source's own, as a path), `token` (its last part), `receiver`, `served`, `now` (ISO 8601), `seconds` (Unix),
 * `later` (a quarter of an hour on), `uuid`, `publicKey` and `privateKey` (RSA, PEM); in calls `body`; in what is
 * expected `id` (of the event).
 */
export interface Recipe {
  readonly id: string;
  readonly system: string;
  readonly state: 'living' | 'gone';
  readonly stoodFor: string;
  readonly honouredBy: string;
  /** What proves the sender. The runner also sends each call with other ones, which must be refused. */
  readonly secrets?: Texts;
  readonly values?: Texts;
  /** As `POST /api/v1/source` takes it. */
  readonly source: Document;
  /** As `POST /api/v1/destination` takes them; one that forwards to `${receiver}/hook` unless said. */
  readonly destinations?: readonly Document[];
  /** Beside the source and the destinations. */
  readonly flow?: Document;
  /** What the runner serves at `${served}`, for a source that fetches. */
  readonly serves?: string;
  /** Whom Posthorn asks whether a call is genuine: here the runner answers in its place. */
  readonly standIn?: {
    readonly url: string;
    readonly genuine: string;
    readonly answers: readonly [string, string];
  };
  readonly calls: readonly RecipeCall[];
}

export interface RecipeCall {
  readonly about: string;
  /** POST. */
  readonly method?: string;
  /** `${url}`: the source's own, as a path. */
  readonly url?: string;
  readonly headers?: Texts;
  /** A text as it is, or an object that is sent as JSON. */
  readonly body?: string | Document;
  /** Instead of `body`. */
  readonly form?: Texts;
  /** The body is a message, sent by SMTP. */
  readonly mail?: { readonly from: string; readonly to: string };
  /** Nothing is sent: the source fetches by itself. */
  readonly waits?: true;
  readonly make?: Readonly<Record<string, Making>>;
  readonly answer?: Expected;
  /** Members of the event, in dotted form. Left out: the call makes none. */
  readonly event?: Document;
  /** What destinations get; left out: the call as it was sent. */
  readonly arrives?: readonly Arrival[];
  /** How a forged one is answered: 401, or 404 when nothing but the URL is secret. */
  readonly forged?: Expected;
}

/** A signature or code, computed by the runner with node:crypto. */
export interface Making {
  readonly of: string;
  readonly hmac?: string;
  /** Of an HMAC; `${secret}` unless said. */
  readonly key?: string;
  readonly hash?: string;
  /** With `${privateKey}`: RSA. */
  readonly sign?: string;
  readonly in: 'hex' | 'base64' | 'base64url' | 'percent' | 'crc32';
}

export interface Expected {
  readonly status: number;
  readonly headers?: Texts;
  readonly body?: string;
}

export interface Arrival {
  /** Path and query behind `${receiver}`. */
  readonly at: string;
  readonly method?: string;
  readonly headers?: Texts;
  readonly body?: string;
}

const FOLDER = new URL('./', import.meta.url);

export function recipeIds(): string[] {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

export function readRecipe(id: string): Recipe {
  return { id, ...JSON.parse(readFileSync(new URL(`${id}/recipe.json`, FOLDER), 'utf8')) };
}
