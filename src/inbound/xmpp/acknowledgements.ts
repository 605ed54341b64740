/**
 * Stream management (XEP-0198) as a queue has it: a stanza counts as handled when it is stored, not when it has arrived.
 * What was not acknowledged when a connection ends, the server keeps for the next one as it does for who is offline.
 */
import type { Client, Element } from '@xmpp/client';

const NS_SM = 'urn:xmpp:sm:3';
const NS_STREAMS = 'http://etherx.jabber.org/streams';

type Xml = typeof import('@xmpp/client').xml;

export interface Acknowledgements {
  /** Asks the server for it, if it offers it. After the login. */
  begin(): void;
  /** For each stanza, in the order of arrival; the returned function says that it has been handled. */
  arrived(): () => void;
}

/** Before the login: the library's own, which counts what has arrived (and wrongly at its beginning), is kept out. */
export function acknowledgements(client: Client, xml: Xml): Acknowledgements {
  const open: { isHandled: boolean }[] = [];
  let isOffered = false;
  let isOn = false;
  let handled = 0;
  let told = 0;

  const tell = (): void => {
    told = handled;
    client.send(xml('a', { xmlns: NS_SM, h: String(handled >>> 0) })).catch(() => {});
  };
  const hear = (name: string): void => {
    if (name === 'enabled') isOn = true;
    else if (name === 'r' && isOn) tell();
  };
  client.prependListener('element', (element: Element) => {
    if (element.is('features', NS_STREAMS)) {
      isOffered = element.getChild('sm', NS_SM) !== undefined;
      element.remove('sm', NS_SM);
    } else if (element.getNS() === NS_SM) {
      hear(element.name);
      // The library answers by the name, with a count of its own.
      element.name = 'heard';
    }
  });
  return {
    begin() {
      if (isOffered) client.send(xml('enable', { xmlns: NS_SM })).catch(() => {});
    },
    arrived() {
      if (!isOn) return () => {};
      const one = { isHandled: false };
      open.push(one);
      return () => {
        one.isHandled = true;
        while (open[0]?.isHandled) {
          open.shift();
          handled += 1;
        }
        if (open.length === 0 && handled > told) tell();
      };
    },
  };
}
