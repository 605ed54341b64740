import { after, before } from 'node:test';
import { type PostgresServer, testPostgres } from '../../../test/support/postgres.ts';
import { closePostgresStore, openPostgresStore } from '../../../test/support/postgres-stores.ts';
import { storageConformance } from '../conformance/index.ts';

let server: PostgresServer;
let url: string;

before(async () => {
  server = await testPostgres();
  url = await server.createDatabase();
});
after(() => server.dropDatabase(url));

// Each case has people of its own, so they share a database; each is a node that joins and leaves.
storageConformance('postgresql', async () => {
  let storage = await openPostgresStore(url);
  return {
    storage,
    async reopen() {
      await closePostgresStore(storage);
      storage = await openPostgresStore(url);
      return storage;
    },
    close: () => closePostgresStore(storage),
  };
});
