/** The databases of a PostgreSQL server, ours or somebody else's. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { PostgresServer } from './postgres.ts';

type PostgresDatabases = Pick<PostgresServer, 'url' | 'createDatabase' | 'dropDatabase'>;

/** `server`: the URL of one of its databases, with a user who may create others. */
export function databasesOf(server: URL): PostgresDatabases {
  const url = (database: string): string => {
    const address = new URL(server);
    address.pathname = `/${database}`;
    return address.href;
  };
  const execute = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: server.href });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  const quoted = (database: string): string => pg.escapeIdentifier(new URL(database).pathname.slice(1));
  return {
    url,
    async createDatabase({ template } = {}) {
      const database = url(`posthorn_test_${randomBytes(8).toString('hex')}`);
      await execute(
        `CREATE DATABASE ${quoted(database)}${template === undefined ? '' : ` TEMPLATE ${quoted(template)}`}`,
      );
      return database;
    },
    dropDatabase: (database) => execute(`DROP DATABASE IF EXISTS ${quoted(database)} WITH (FORCE)`),
  };
}
