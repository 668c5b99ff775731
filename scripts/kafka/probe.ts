import { connect } from 'node:net';

const metadataApi = 3;
const metadataVersion = 1;
const correlationId = 7;
const answerWithinMs = 2_000;

/**
 * Asks a broker for the cluster's metadata and answers how many brokers it names. A starting broker names none, until the controller has
 * let it take part. Spoken by hand, so that a probe every few milliseconds needs no client and prints no warnings.
 * @throws Error when there is no answer
 */
export function aliveBrokers(port: number, host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host });
    let received: Buffer = Buffer.alloc(0);
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(answerWithinMs, () => fail(new Error(`no answer from port ${port}`)));
    socket.once('error', fail);
    socket.once('close', () => fail(new Error(`port ${port} closed the connection`)));
    socket.once('connect', () => socket.write(metadataRequest()));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      // size, correlation id, length of the array of brokers
      if (received.length < 12) return;
      resolve(received.readInt32BE(8));
      socket.destroy();
    });
  });
}

function metadataRequest(): Buffer {
  const clientId = Buffer.from('probe');
  const body = Buffer.alloc(4 + 2 + 2 + 4 + 2 + clientId.length + 4);
  body.writeInt32BE(body.length - 4, 0);
  body.writeInt16BE(metadataApi, 4);
  body.writeInt16BE(metadataVersion, 6);
  body.writeInt32BE(correlationId, 8);
  body.writeInt16BE(clientId.length, 12);
  clientId.copy(body, 14);
  // An empty list of topics: brokers only.
  body.writeInt32BE(0, 14 + clientId.length);
  return body;
}
