/**
 * `npm run bench`: everything in one run on one machine, so that the ratios mean something. Options: `--events N` per
 * round, `--rounds N`, `--only relay,fanout,dead,backlog,ingest,smtp`; `--cluster`: nodes on PostgreSQL instead. Absolute figures are of this machine; quote the ratios.
 */
import { parseArgs } from 'node:util';
import type { BenchOptions } from './options.ts';
import { againstRelay } from './scenarios/against-relay.ts';
import { backlog } from './scenarios/backlog.ts';
import { cluster } from './scenarios/cluster.ts';
import { deadEndpoint } from './scenarios/dead-endpoint.ts';
import { fanOut } from './scenarios/fan-out.ts';
import { ingest } from './scenarios/ingest.ts';
import { smtp } from './scenarios/smtp.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '40000' },
    rounds: { type: 'string', default: '5' },
    waiting: { type: 'string', default: '1000000' },
    cluster: { type: 'boolean', default: false },
    only: { type: 'string', default: 'relay,fanout,dead,backlog' },
  },
});

const options: BenchOptions = {
  events: Number(values.events),
  rounds: Number(values.rounds),
  waiting: Number(values.waiting),
};
const SCENARIOS: Record<string, (options: BenchOptions) => Promise<void>> = {
  relay: againstRelay,
  fanout: fanOut,
  dead: deadEndpoint,
  backlog,
  ingest,
  smtp,
  cluster,
};

for (const name of values.cluster ? ['cluster'] : values.only.split(',')) {
  const scenario = SCENARIOS[name];
  if (!scenario)
    throw new Error(`no scenario is called ${name}; there are ${Object.keys(SCENARIOS).join(', ')}`);
  await scenario(options);
}
