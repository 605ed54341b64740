/** Entry of a storage thread: the writer, or one reader. Started by threads.ts; bundled as a file of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { openReader, openWriter } from './connection.ts';
import { lostStore } from './errors.ts';
import { unpackBatch } from './pack.ts';
import { Reader, type ReadName } from './reader.ts';
import { SameFile } from './same-file.ts';
import {
  type BatchMessage,
  type BatchReply,
  packSettled,
  type ReadMessage,
  type ReadReply,
  sendError,
  type ThreadData,
} from './thread-messages.ts';
import { Writer } from './writer.ts';

const port = parentPort!;
const data = workerData as ThreadData;

if (data.role === 'writer') serveWrites(new Writer(openWriter(data.path), data), new SameFile(data.path));
else serveReads(new Reader(openReader(data.path)));

function serveWrites(writer: Writer, file: SameFile): void {
  port.on('message', (message: BatchMessage | 'close') => {
    if (message === 'close') {
      writer.close();
      port.close();
      return;
    }
    port.postMessage(runBatch(writer, file, message));
    writer.rest();
  });
}

function runBatch(writer: Writer, file: SameFile, { batch, now }: BatchMessage): BatchReply {
  try {
    file.check();
    const ops = unpackBatch(batch);
    return packSettled(ops, writer.run(ops, now));
  } catch (error) {
    return { failed: sendError(error) };
  }
}

function serveReads(reader: Reader): void {
  port.on('message', (message: ReadMessage | 'close') => {
    if (message === 'close') {
      reader.close();
      port.close();
      return;
    }
    port.postMessage(runRead(reader, message));
  });
}

function runRead(reader: Reader, { name, query, now, deadlineMs }: ReadMessage): ReadReply {
  try {
    const when = { now, endsAt: performance.now() + deadlineMs };
    return { value: reader.read(name as ReadName, query as never, when) };
  } catch (error) {
    return { failed: sendError(lostStore(error) ?? error) };
  }
}
