/**
 * Apache Kafka: one broker that is its own controller (KRaft), from the project's jars, which Maven fetches once into a
 * cache below the system's temp directory. It needs Java 17 and `mvn`; only with POSTHORN_TEST_PEERS=1 is anything fetched.
 */
import { execFile } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { madeOnce } from '../postgres-binaries.ts';
import { certificate } from '../tls/certificates.ts';
import { type Missing, peersCache } from './debian-peer.ts';
import { freePort, type Peer, peerFolder, startPeer } from './peer-process.ts';

const VERSION = '3.9.1';
const FETCH_WITHIN_MS = 240_000;
const PROOF = `lib/kafka_2.13-${VERSION}.jar`;
/** Small, and quick to start. */
const JAVA = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const run = promisify(execFile);

export interface Kafka extends Peer {
  /** Takes anybody. All listeners are announced as `localhost`. */
  readonly port: number;
  readonly tlsPort: number;
  /** Asks for `user` and `password` by SASL PLAIN or SCRAM-SHA-512. */
  readonly saslPort: number;
  readonly user: string;
  readonly password: string;
}

export async function startKafka(): Promise<Kafka | Missing> {
  const jars = await getPeer();
  if (typeof jars !== 'string') return jars;
  const [port, saslPort, tlsPort, controller] = (await Promise.all([1, 2, 3, 4].map(freePort))) as [
    number,
    number,
    number,
    number,
  ];
  const [user, password] = ['posthorn', 'kafka-secret'];
  const { cert, key } = certificate('server');
  // The kind of key that Kafka reads.
  const pkcs8 = createPrivateKey(key).export({ type: 'pkcs8', format: 'pem' });
  const folder = await peerFolder('kafka', { 'keystore.pem': `${pkcs8}${cert}` });
  const login = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${user}="${password}";`;
  const configuration = `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=OPEN://127.0.0.1:${port},SASL://127.0.0.1:${saslPort},TLS://127.0.0.1:${tlsPort},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=OPEN://localhost:${port},SASL://localhost:${saslPort},TLS://localhost:${tlsPort}
listener.security.protocol.map=OPEN:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL,CONTROLLER:PLAINTEXT
listener.name.sasl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl.plain.sasl.jaas.config=${login}
listener.name.sasl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.tls.ssl.keystore.type=PEM
listener.name.tls.ssl.keystore.location=${folder}/keystore.pem
inter.broker.listener.name=OPEN
controller.listener.names=CONTROLLER
log.dirs=${folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1000
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
`;
  const settings = join(folder, 'server.properties');
  await writeFile(settings, configuration);
  const java = [...JAVA, '-cp', `${jars}/*`];
  const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8' };
  const scram = `SCRAM-SHA-512=[name=${user},password=${password}]`;
  const format = ['kafka.tools.StorageTool', 'format', '-t', 'MkU3OEVBNTcwNTJENDM2Qg', '-c', settings];
  await run('java', [...java, ...format, '--add-scram', scram], { env, timeout: FETCH_WITHIN_MS });
  const peer = await startPeer(folder, {
    program: 'java',
    args: [...java, 'kafka.Kafka', settings],
    env,
    ports: [port, saslPort, tlsPort],
  });
  return Object.assign(peer, { port, saslPort, tlsPort, user, password });
}

/** Where the jars are, fetched when they may be. */
export async function getPeer(
  mayDownload = process.env.POSTHORN_TEST_PEERS === '1',
): Promise<string | Missing> {
  try {
    await run('java', ['-version']);
  } catch {
    return { missing: 'Kafka needs Java 17, and there is no java' };
  }
  const folder = join(await peersCache(), `kafka-${VERSION}`);
  if (!existsSync(join(folder, PROOF)) && !mayDownload)
    return { missing: 'Kafka is not there; run npm run peers once, or set POSTHORN_TEST_PEERS=1' };
  try {
    await madeOnce(folder, PROOF, fetchInto);
    return join(folder, 'lib');
  } catch (error) {
    const { cause } = error as Error;
    return { missing: `Kafka could not be fetched: ${cause instanceof Error ? cause.message : error}` };
  }
}

async function fetchInto(folder: string): Promise<void> {
  const wanted = [
    ['org.apache.kafka', 'kafka_2.13', VERSION],
    ['org.slf4j', 'slf4j-nop', '1.7.36'],
  ].map(
    ([group, artifact, version]) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
  );
  const project = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>peer</artifactId><version>1</version><dependencies>${wanted.join('')}</dependencies></project>`;
  await writeFile(join(folder, 'pom.xml'), project);
  const copy = ['dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'];
  await run('mvn', ['-q', '-B', ...copy], { cwd: folder, timeout: FETCH_WITHIN_MS });
}
