/** What is used of irc-framework 4, which has no types of its own. */
declare module 'irc-framework' {
  import type { EventEmitter } from 'node:events';

  export interface ConnectOptions {
    readonly host: string;
    readonly port: number;
    readonly nick: string;
    readonly username: string;
    readonly gecos: string;
    readonly password?: string;
    /** SASL; an empty one keeps the server's password from being used for it. */
    readonly account: { readonly account?: string; readonly password?: string };
    readonly version: string;
    readonly auto_reconnect: boolean;
    readonly ping_interval: number;
    readonly ping_timeout: number;
    readonly sasl_disconnect_on_fail: boolean;
    readonly transport: new () => EventEmitter;
  }

  export interface Privmsg {
    readonly from_server: boolean;
    readonly nick: string;
    readonly ident: string;
    readonly hostname: string;
    readonly target: string;
    readonly message: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly account?: string;
    readonly batch?: { readonly type: string };
  }

  export class Client extends EventEmitter {
    readonly user: { readonly nick: string };
    readonly network: { readonly options: Readonly<Record<string, unknown>> };
    connect(options: ConnectOptions): void;
    changeNick(nick: string): void;
    join(channel: string, key?: string | undefined): void;
    say(target: string, text: string): void;
    quit(message?: string): void;
    caseCompare(one: string, other: string): boolean;
  }
}
