import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventStream } from './event-stream.ts';

describe('the event stream client', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
    const listening = createServer(handle);
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const { port } = listening.address() as AddressInfo;
    return `http://127.0.0.1:${port}/`;
  }

  it('reads ids, names, data of several lines, comments and retry, wherever the chunks are cut', async () => {
    const text =
      'retry: 250\n\n: ping\n\nid: 1\ndata: {"a":\ndata: "ü"}\n\nid: 2\nevent: delete\ndata: {}\n\nevent: caught-up\ndata: {}\n\n';
    const bytes = Buffer.from(text);
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
      response.end();
    });
    const stream = await EventStream.open(url);
    expect(await stream.untilCaughtUp()).toEqual([
      { id: '1', event: 'message', data: '{"a":\n"ü"}' },
      { id: '2', event: 'delete', data: '{}' },
    ]);
    await stream.end();
    expect(stream).toMatchObject({ retryMs: 250, comments: ['ping'], lastEventId: '2' });
  });

  it('sends the id it resumes after, and takes events one by one', async () => {
    const url = await serve((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${String(request.headers['last-event-id'])}\n\ndata: second\n\n`);
    });
    const stream = await EventStream.open(url, { lastEventId: 'g1-7' });
    expect((await stream.next()).data).toBe('g1-7');
    expect((await stream.next()).data).toBe('second');
    await expect(stream.next({ within: 50 })).rejects.toThrow('not within 50 ms');
    stream.close();
    await stream.end();
  });

  it('refuses an answer that is no stream', async () => {
    const url = await serve((_request, response) => response.writeHead(404).end('{"code":"NOT_FOUND"}'));
    await expect(EventStream.open(url)).rejects.toThrow('404');
  });
});
