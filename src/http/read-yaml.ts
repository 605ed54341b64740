/**
 * YAML from strangers, in a thread that is ended when it takes too long: parsers of YAML need minutes for some texts of
 * a hundred kilobytes (many keys, mappings as keys of mappings), and the process would answer nobody meanwhile.
 */
import { Worker } from 'node:worker_threads';
import { Problem } from '../core/problem.ts';

export const YAML_READ_MS_MAX = 5_000;
/** Documents that are read at once. */
const READING_MAX = 2;
/** Aliases in a text: they multiply what is read (the "billion laughs"). */
const YAML_ALIASES_MAX = 100;
const HEAP_MB_MAX = 256;

/** Keys that come twice are not looked for: the last counts, as in JSON, and comparing all keys takes their square. */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.yaml).then(({ parse, YAMLParseError }) => {
  const options = { maxAliasCount: ${YAML_ALIASES_MAX}, logLevel: 'error', uniqueKeys: false };
  try {
    parentPort.postMessage({ value: parse(workerData.text, options) });
  } catch (error) {
    const [line] = error.message.split('\\n');
    parentPort.postMessage({ fault: error instanceof YAMLParseError ? line : null });
  }
});`;

/** What a document says, or why it says nothing. */
export type ReadYaml = { readonly value: unknown } | { readonly fault: string };

let reading = 0;

/** JSON, which is YAML too, is read at once. Throws Problem `unavailable` when others are being read. */
export async function readYaml(text: string, msMax = YAML_READ_MS_MAX): Promise<ReadYaml> {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    // It is not JSON.
  }
  if (reading >= READING_MAX) {
    throw new Problem('unavailable', 'Other YAML documents are being read: try again shortly, or send JSON.');
  }
  reading++;
  try {
    return await readInThread(text, msMax);
  } finally {
    reading--;
  }
}

async function readInThread(text: string, msMax: number): Promise<ReadYaml> {
  const worker = new Worker(THREAD, {
    eval: true,
    workerData: { yaml: import.meta.resolve('yaml'), text },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<ReadYaml>((resolve) => {
      const tooMuch = { fault: 'it takes too long to read; send it as JSON, or in parts.' };
      timer = setTimeout(() => resolve(tooMuch), msMax);
      worker.once('message', (said: { readonly value?: unknown; readonly fault?: string | null }) => {
        if (said.fault === undefined) resolve({ value: said.value });
        else resolve({ fault: said.fault ?? 'it is nested too deeply or repeats itself too often.' });
      });
      // Out of its memory, or an end without a word.
      worker.once('error', () => resolve(tooMuch));
      worker.once('exit', () => resolve(tooMuch));
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
