/** True in the published bundle; the build defines it. */
declare global {
  interface ImportMeta {
    readonly posthornBundle?: boolean;
  }
}

/** The bundle has its own storage worker beside it; from sources the driver finds its own. */
export function workerUrl(): { workerUrl?: URL } {
  return import.meta.posthornBundle ? { workerUrl: new URL('./worker.mjs', import.meta.url) } : {};
}
