/** Routes that are no operations: documents made from the operations and tables, and the metrics. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Problem } from '../core/problem.ts';
import { docsPage, portalPage, problemPage, problemsPage } from './docs-page.ts';
import type { HttpSettings } from './http-settings.ts';
import type { Metrics } from './metrics.ts';
import { makeOpenapi } from './openapi.ts';
import { OPERATIONS } from './operations/index.ts';

export function addPages(
  app: FastifyInstance,
  parts: { readonly settings: HttpSettings; readonly metrics: Metrics },
): void {
  let openapi: Promise<string> | null = null;
  app.get('/openapi.json', async (_request, reply) => {
    openapi ??= makeOpenapi(OPERATIONS, parts.settings.version).then((document) => JSON.stringify(document));
    return reply.type('application/json; charset=utf-8').send(await openapi);
  });
  app.get('/', (_request, reply) => reply.redirect('/docs', 302));
  app.get('/docs', (_request, reply) => sendHtml(reply, docsPage(OPERATIONS, parts.settings.version)));
  app.get('/problems', (_request, reply) => sendHtml(reply, problemsPage()));
  app.get<{ Params: { code: string } }>('/problems/:code', (request, reply) => {
    const page = problemPage(request.params.code);
    if (page === null)
      throw new Problem('not_found', 'There is no problem of that code. See /docs for the list.');
    return sendHtml(reply, page);
  });
  app.get('/portal', (_request, reply) => sendHtml(reply, portalPage()));
  app.get('/metrics', async (request, reply) => {
    checkMetricsToken(parts.settings.metricsToken, request.headers.authorization);
    return reply.type(parts.metrics.contentType).send(await parts.metrics.render());
  });
}

/** The pages load nothing: no scripts, no fonts, no frames. */
function sendHtml(reply: FastifyReply, page: string): FastifyReply {
  return reply
    .header(
      'content-security-policy',
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    )
    .header('x-content-type-options', 'nosniff')
    .type('text/html; charset=utf-8')
    .send(page);
}

function checkMetricsToken(wanted: string | null, authorization: string | undefined): void {
  if (wanted === null) return;
  const given = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '';
  if (!timingSafeEqual(digest(given), digest(wanted))) {
    throw new Problem(
      'authentication_failed',
      'Send the metrics token (POSTHORN_METRICS_TOKEN) as a bearer token.',
    );
  }
}

/** Equal lengths, so that the comparison says nothing about the token's length either. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
