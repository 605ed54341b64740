import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeText } from './decode-text.ts';
import { dateOf } from './feed-times.ts';
import { readFeed } from './read-feed.ts';

const BASE = 'https://blog.example/feeds/all';
const item = {
  ...{ url: null, title: null, content: null, summary: null, author: null },
  ...{ published: null, updated: null, categories: [], enclosures: [] },
};

const RSS = `<?xml version="1.0"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
 <channel><title>Blog &amp; more</title><link>https://blog.example/</link><ttl>60</ttl>
  <item><title>Second</title><link>/2</link><guid isPermaLink="false">id-2</guid>
   <pubDate>Tue, 02 Jan 2029 10:00:00 +0100</pubDate><dc:creator>Ann</dc:creator>
   <description>short</description><content:encoded><![CDATA[<p>long</p>]]></content:encoded>
   <category>news</category><category domain="x">tech</category>
   <enclosure url="https://blog.example/2.mp3" length="123" type="audio/mpeg"/></item>
  <item><title>First</title><guid>https://blog.example/1</guid><description>only this</description>
   <pubDate>Mon, 01 Jan 2029 10:00:00 GMT</pubDate></item>
 </channel></rss>`;

test('RSS: oldest first, with the long text as content', () => {
  const feed = readFeed(RSS, BASE);
  assert.deepEqual(feed?.about, { format: 'rss', title: 'Blog & more', url: 'https://blog.example/' });
  assert.equal(feed?.everyMs, 3_600_000);
  assert.deepEqual(feed?.items, [
    {
      ...item,
      id: 'https://blog.example/1',
      url: 'https://blog.example/1',
      title: 'First',
      content: 'only this',
      published: '2029-01-01T10:00:00.000Z',
    },
    {
      ...item,
      id: 'id-2',
      url: 'https://blog.example/2',
      title: 'Second',
      content: '<p>long</p>',
      summary: 'short',
      author: 'Ann',
      published: '2029-01-02T09:00:00.000Z',
      categories: ['news', 'tech'],
      enclosures: [{ url: 'https://blog.example/2.mp3', type: 'audio/mpeg', bytes: 123 }],
    },
  ]);
});

test('Atom: text, HTML and XHTML, links by their relation', () => {
  const feed = readFeed(
    `<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><id>urn:a</id>
     <link rel="self" href="/feed"/><link href="https://blog.example/"/>
     <entry><id>urn:1</id><title type="html">a &lt;b&gt;</title><link rel="alternate" href="../1"/>
      <link rel="enclosure" href="/1.mp3" type="audio/mpeg" length="9"/>
      <author><name>Bo</name></author><category term="t" label="Topic"/>
      <published>2029-01-01T00:00:00Z</published><updated>2029-01-02T00:00:00+02:00</updated>
      <summary>s</summary><content type="xhtml"><div>x<b>y</b></div></content></entry></feed>`,
    BASE,
  );
  assert.deepEqual(feed?.about, { format: 'atom', title: 'A', url: 'https://blog.example/' });
  assert.deepEqual(feed?.items, [
    {
      id: 'urn:1',
      url: 'https://blog.example/1',
      title: 'a <b>',
      content: 'x<b>y</b>',
      summary: 's',
      author: 'Bo',
      published: '2029-01-01T00:00:00.000Z',
      updated: '2029-01-01T22:00:00.000Z',
      categories: ['Topic'],
      enclosures: [{ url: 'https://blog.example/1.mp3', type: 'audio/mpeg', bytes: 9 }],
    },
  ]);
});

test('RDF (RSS 1.0): Dublin Core names author, date and subjects', () => {
  const feed = readFeed(
    `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
      xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
     <channel rdf:about="https://blog.example/"><title>R</title><link>https://blog.example/</link>
      <sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency></channel>
     <item rdf:about="https://blog.example/1"><title>One</title><link>https://blog.example/1</link>
      <dc:creator>Cy</dc:creator><dc:date>2029-01-01</dc:date><dc:subject>s</dc:subject></item></rdf:RDF>`,
    BASE,
  );
  assert.equal(feed?.everyMs, 6 * 3_600_000);
  assert.deepEqual(feed?.items, [
    {
      ...item,
      id: 'https://blog.example/1',
      url: 'https://blog.example/1',
      title: 'One',
      author: 'Cy',
      published: '2029-01-01T00:00:00.000Z',
      categories: ['s'],
    },
  ]);
});

test('JSON Feed: items without dates keep their order, the newest being first', () => {
  const items = [
    { id: 2, url: '/2', content_text: 'b', tags: ['t'], authors: [{ name: 'Di' }] },
    {
      id: '1',
      external_url: 'https://x.example/',
      attachments: [{ url: '/a', mime_type: 'm', size_in_bytes: 3 }],
    },
  ];
  const feed = readFeed(
    JSON.stringify({ version: 'https://jsonfeed.org/version/1.1', title: 'J', items }),
    BASE,
  );
  assert.deepEqual(feed?.items, [
    {
      ...item,
      id: '1',
      url: 'https://x.example/',
      enclosures: [{ url: 'https://blog.example/a', type: 'm', bytes: 3 }],
    },
    { ...item, id: '2', url: 'https://blog.example/2', content: 'b', author: 'Di', categories: ['t'] },
  ]);
});

test('sloppy feeds are read as far as they can be', () => {
  const sloppy = readFeed(
    `<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">
     <rss version="0.91"><channel><title>T & U</title><item><title>a & b</title><link>nonsense://[</link>
     <pubDate>yesterday</pubDate><description>unclosed <b></description></item><item></item></channel></rss>`,
    BASE,
  );
  assert.equal(sloppy?.about.title, 'T & U');
  assert.deepEqual(
    sloppy?.items.map(({ title, url, published }) => [title, url, published]),
    [['a & b', null, null]],
  );
  const [nameless] = sloppy?.items ?? [];
  assert.match(nameless?.id ?? '', /^[\w-]{22}$/);
  assert.deepEqual(readFeed('<rss version="2.0"><channel><title>T</title></channel></rss>', BASE)?.items, []);
});

test('what is no feed is none, and no entity is ever followed or multiplied', () => {
  const bomb = `<!DOCTYPE rss [<!ENTITY a "${'x'.repeat(1_000)}">${[1, 2, 3, 4, 5, 6]
    .map((n) => `<!ENTITY a${n} "${`&a${n - 1 || ''};`.repeat(20)}">`)
    .join('')}]>`;
  const texts = ['', '<html><body>', '{"a":1}', RSS.slice(0, 300), '[]', 'x'.repeat(10_000)];
  for (const text of texts) assert.equal(readFeed(text, BASE), null, text.slice(0, 30));
  const startedAt = performance.now();
  const exploded = readFeed(`${bomb}<rss version="2.0"><channel><title>&a6;</title></channel></rss>`, BASE);
  assert.ok(JSON.stringify(exploded).length < 10_000);
  const file = '<!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/passwd">]>';
  const read = readFeed(`${file}<rss version="2.0"><channel><title>&f;</title></channel></rss>`, BASE);
  assert.ok(!JSON.stringify(read).includes('root:'));
  readFeed(`<rss version="2.0"><channel>${'<a>'.repeat(100_000)}</channel></rss>`, BASE);
  assert.ok(performance.now() - startedAt < 20_000);
});

test('a date without a zone is UTC on every machine', () => {
  assert.equal(dateOf('2029-01-01 10:00'), '2029-01-01T10:00:00.000Z');
  assert.equal(dateOf('2029-01-01T10:00:00'), '2029-01-01T10:00:00.000Z');
  assert.equal(dateOf('Mon, 01 Jan 2029 10:00:00 EST'), '2029-01-01T15:00:00.000Z');
  assert.equal(dateOf('9'.repeat(200)), null);
});

test('bytes are text by their mark, by the header, or by what the XML says of itself', () => {
  const latin = Buffer.from('<?xml version="1.0" encoding="iso-8859-1"?><a>\xe9</a>', 'latin1');
  assert.match(decodeText(latin, 'text/xml'), /é/);
  assert.match(decodeText(Buffer.from('é', 'latin1'), 'text/xml; charset=ISO-8859-1'), /é/);
  assert.equal(decodeText(Buffer.from('\ufeffé', 'utf16le'), 'text/xml; charset=utf-8'), 'é');
  assert.equal(decodeText(Buffer.from('é'), 'text/xml; charset=klingon'), 'é');
});
