/** What is used of @xmpp/client 0.14, which has no types of its own. */
declare module '@xmpp/client' {
  import type { EventEmitter } from 'node:events';

  export interface Element {
    name: string;
    readonly attrs: Readonly<Record<string, string | undefined>>;
    getNS(): string | undefined;
    is(name: string, xmlns?: string): boolean;
    getChild(name: string, xmlns?: string): Element | undefined;
    getChildren(name: string, xmlns?: string): Element[];
    getChildText(name: string, xmlns?: string): string | null;
    getChildElements(): Element[];
    remove(name: string, xmlns?: string): void;
  }

  type Child = Element | string | false | undefined;
  export function xml(
    name: string,
    attrs?: Readonly<Record<string, string | undefined>> | string,
    ...children: readonly (Child | readonly Child[])[]
  ): Element;

  /** How the library connects: it makes a `Socket` and calls its `connect` with what `socketParameters` returns. */
  export type Transport = (new () => object) & {
    readonly prototype: {
      Socket: new () => EventEmitter;
      socketParameters(service: string): object | undefined;
    };
  };

  export interface Client extends EventEmitter {
    readonly status: string;
    transports: Transport[];
    readonly reconnect: { stop(): void };
    readonly iqCaller: { request(stanza: Element, timeoutMs?: number): Promise<Element> };
    start(): Promise<unknown>;
    stop(): Promise<unknown>;
    send(stanza: Element): Promise<void>;
  }

  export function client(options: {
    readonly service: string;
    readonly domain: string;
    readonly username: string;
    readonly password: string;
    readonly resource: string;
    readonly timeout: number;
  }): Client;
}
