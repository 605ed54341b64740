/** Data folders are copies of an empty, stopped one, which is made once per version and user: initdb takes half a second. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CLEAN_ENVIRONMENT, madeOnce, type PostgresBinaries, type RunAs } from './postgres-binaries.ts';

const run = promisify(execFile);
const USER = 'posthorn';

/** A folder with a data folder of its own and the password of its superuser `posthorn`. */
export interface ServerFolder {
  readonly folder: string;
  /** Inside `folder`, so that a log may lie beside it. */
  readonly data: string;
  readonly password: string;
}

export async function newServerFolder(binaries: PostgresBinaries): Promise<ServerFolder> {
  const template = await templateFolder(binaries);
  const folder = await mkdtemp(join(binaries.folder, 'server-'));
  await give(folder, binaries.as);
  // A program and not node:fs, because the copy must belong to who runs the server.
  await run('cp', ['-R', `${template}/.`, folder], { ...binaries.as, cwd: '/' });
  return { folder, data: join(folder, 'data'), password: await readFile(join(folder, 'password'), 'utf8') };
}

async function templateFolder({ bin, folder, as }: PostgresBinaries): Promise<string> {
  const { stdout } = await run(join(bin, 'postgres'), ['--version']);
  const version = stdout.trim().replaceAll(/[^\w.]+/g, '-');
  const template = join(folder, `data-${version}-${as.uid ?? 'own'}`);
  await madeOnce(template, 'data/PG_VERSION', async (target) => {
    await give(target, as);
    const password = join(target, 'password');
    await writeFile(password, randomBytes(16).toString('hex'), { mode: 0o600 });
    await give(password, as);
    const form = ['--no-sync', '--locale=C.UTF-8', '--encoding=UTF8', `--username=${USER}`];
    const access = ['--auth=scram-sha-256', `--pwfile=${password}`];
    const program = { ...as, cwd: '/', env: CLEAN_ENVIRONMENT };
    await run(join(bin, 'initdb'), ['-D', join(target, 'data'), ...form, ...access], program);
  });
  return template;
}

async function give(path: string, { uid, gid }: RunAs): Promise<void> {
  if (uid !== undefined) await chown(path, uid, gid!);
}
