/** What a sender may make this room do. Whatever is over a limit is read as text or kept as bytes, and said so. */
export interface FormatLimits {
  /** Bytes of a body after its Content-Encoding is undone. */
  readonly decodedBytes: number;
  /** Times its size that a compressed body may grow; below `ratioFreeBytes` it is not asked. */
  readonly ratio: number;
  readonly ratioFreeBytes: number;
  /** Nesting of JSON and of XML. */
  readonly depth: number;
  /** Values in a JSON document, cells of a CSV. */
  readonly nodes: number;
  /** Names in a form; parts of a multipart body. */
  readonly pairs: number;
  readonly parts: number;
  /** Brackets after a form's name: `a[b][c]` has two. */
  readonly formDepth: number;
  /** Header bytes of one part. */
  readonly partHeaderBytes: number;
  /** Characters of XML: its parser takes a quarter of a second for a megabyte. */
  readonly xmlChars: number;
  readonly csvChars: number;
  /** Bytes of an e-mail; its parser bounds parts (1,000) and their headers (1 MiB) itself. */
  readonly mailBytes: number;
  /** CloudEvents in a batch. */
  readonly batch: number;
}

export const FORMAT_LIMITS: FormatLimits = {
  decodedBytes: 10 * 1024 * 1024,
  ratio: 100,
  ratioFreeBytes: 64 * 1024,
  depth: 100,
  nodes: 500_000,
  pairs: 10_000,
  parts: 1_000,
  formDepth: 32,
  partHeaderBytes: 16 * 1024,
  xmlChars: 1024 * 1024,
  csvChars: 4 * 1024 * 1024,
  mailBytes: 25 * 1024 * 1024,
  batch: 1_000,
};
