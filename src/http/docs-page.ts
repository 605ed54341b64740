/** `/docs`, `/problems`, `/problems/<code>` and `/portal`: plain pages written from the tables. */
import { PROBLEMS, type ProblemCode } from '../core/problem.ts';
import type { Operation } from './define-operation.ts';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2025;background:#fff}' +
  'h2{margin-top:2.5rem;border-bottom:1px solid #d5d8dd}code,pre{font:14px/1.5 ui-monospace,monospace}' +
  'pre{background:#f4f5f7;padding:.75rem;overflow:auto}b.m{display:inline-block;min-width:4.5rem}' +
  'section{margin:1rem 0}p{margin:.25rem 0}nav a{margin-right:1rem}' +
  '@media(prefers-color-scheme:dark){body{color:#e4e6ea;background:#16181c}pre{background:#22252b}a{color:#8ab4f8}}';

/** Every operation that is not hidden, grouped by resource. */
export function docsPage(operations: readonly Operation[], version: string): string {
  const shown = operations.filter((operation) => operation.hidden !== true);
  const tags = [...new Set(shown.map((operation) => operation.tag))];
  const navigation = tags.map((tag) => `<a href="#${html(tag)}">${html(tag)}</a>`).join('');
  const groups = tags.map((tag) => group(tag, shown));
  return page(
    'Posthorn API',
    `<h1>Posthorn API <small>${html(version)}</small></h1>
<p>Send <code>Authorization: Bearer &lt;token&gt;</code>. The same as a document: <a href="/openapi.json">/openapi.json</a>.</p>
<nav>${navigation}<a href="#problems">problems</a></nav>
${groups.join('\n')}
<h2 id="problems">problems</h2>
${problemList()}`,
  );
}

function problemList(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title }]) =>
      `<p><code>${status}</code> <a href="/problems/${encodeURIComponent(code)}"><code>${html(code)}</code></a> ${html(title)}</p>`,
  );
  return rows.join('\n');
}

function group(tag: string, operations: readonly Operation[]): string {
  const rows = operations.filter((operation) => operation.tag === tag).map(operationSection);
  return `<h2 id="${html(tag)}">${html(tag)}</h2>\n${rows.join('\n')}`;
}

function operationSection(operation: Operation): string {
  const needs =
    operation.needs === 'public'
      ? 'No token needed.'
      : `Needs ${operation.needs.role}, ${operation.needs.permission}.`;
  const description = operation.description === undefined ? '' : `<p>${html(operation.description)}</p>`;
  return `<section id="${html(operation.id)}">
<p><b class="m">${operation.method}</b><code>${html(operation.path)}</code></p>
<p>${html(operation.summary)} ${html(needs)}</p>${description}
${shapeBlock('Query', operation.query)}${shapeBlock('Body', operation.body)}
<p>Answers ${Object.keys(operation.replies).join(', ')}.</p>
</section>`;
}

function shapeBlock(title: string, shape: unknown): string {
  if (shape === undefined) return '';
  return `<details><summary>${title}</summary><pre>${html(JSON.stringify(shape, null, 2))}</pre></details>`;
}

/** Every code that an answer may have. */
export function problemsPage(): string {
  return page(
    'Problems',
    `<h1>Problems</h1>
<p>Every refusal has one of these codes, and a <code>detail</code> that says what to do about it.</p>
${problemList()}`,
  );
}

/**
 * Where portal links lead while there is no portal. The key stands behind `#` and so never reaches the server; without
 * a script the page cannot show it either.
 */
export function portalPage(): string {
  return page(
    'Portal',
    `<h1>Portal</h1>
<p>The portal page is not part of this version of Posthorn; the token in this link works with the API:
see <a href="/docs">/docs</a>.</p>`,
  );
}

/** The page that a problem document's `type` points to; null = no such code. */
export function problemPage(code: string): string | null {
  if (!Object.hasOwn(PROBLEMS, code)) return null;
  const { status, title } = PROBLEMS[code as ProblemCode];
  return page(
    title,
    `<h1>${html(title)}</h1>
<p>Code <code>${html(code)}</code>, HTTP status <code>${status}</code>.</p>
<p>The <code>detail</code> of the answer says what to do about it. All codes: <a href="/problems">/problems</a>.</p>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(title)}</title><style>${STYLE}</style></head>
<body>${body}</body></html>
`;
}

function html(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
