import { mkdtempSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Body, Controller, Get, HttpCode, Logger, Module, Param, Post, Put, Query, Res } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Type } from 'class-transformer';
import { IsArray, IsNumber, IsOptional, IsString, MaxLength, ValidateNested } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { Rejected } from '../../../kernel/rejection';
import { Public } from '../../auth/access.decorators';
import { loadSettings } from '../../config/load-settings';
import { DiskFull, LogUnavailable, OutcomeUnknown } from '../../log/log.port';
import { createLogs } from '../../telemetry/logger';
import { ApiProblems } from '../api-problems.decorator';
import { type ApplicationOptions, createApplication } from '../application';
import { HttpProblem } from '../http-problem';
import { ProblemCatalog } from '../problem-catalog';
import { Produces } from '../produces.decorator';
import { UuidPipe } from '../uuid.pipe';

const rejections = { THING_TOO_HEAVY: { status: 422, title: 'The thing is too heavy' } };

const failures: Readonly<Record<string, () => Error>> = {
  unknown: () => new Error('the secret cause'),
  log: () => new LogUnavailable('broker kafka-1:9092'),
  unsure: () => new OutcomeUnknown(),
  full: () => new DiskFull(),
  located: () => new HttpProblem('OUTCOME_UNKNOWN', { headers: { location: '/commands/1' } }),
  rejected: () => new Rejected('THING_TOO_HEAVY', { weight: 7, status: 999 }),
  undeclared: () => new Rejected('NOBODY_DECLARED_THIS'),
};

class ItemDto {
  @IsNumber()
  price: number;
}

class ThingDto {
  @IsNumber()
  value: number;

  @IsOptional()
  @IsString()
  @MaxLength(20)
  note?: string;

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => ItemDto)
  items?: ItemDto[];
}

class PageDto {
  @IsOptional()
  @IsString()
  after?: string;
}

/** Routes of every kind, without any command behind them. */
@Public()
@Controller('things')
export class ThingController {
  /** Lets `GET /things/slow` answer. */
  release: () => void = () => undefined;
  /** Called when `GET /things/slow` has begun. */
  begun: () => void = () => undefined;
  readonly #held: (() => void)[] = [];

  @Post()
  @HttpCode(202)
  @ApiProblems('VALIDATION_FAILED', rejections)
  create(@Body() body: ThingDto): ThingDto {
    return body;
  }

  /** Answers once {@link releaseHeld} is called. */
  @Post('held')
  @HttpCode(202)
  async hold(): Promise<object> {
    await new Promise<void>((resolve) => this.#held.push(resolve));
    return {};
  }

  /** Lets the longest held request go on. */
  releaseHeld(): void {
    this.#held.shift()?.();
  }

  @Put(':id')
  replace(@Param('id', UuidPipe) id: string, @Body() body: ThingDto): object {
    new Logger('Thing').log('replacing');
    return { id, value: body.value };
  }

  @Get('slow')
  async slow(): Promise<object> {
    this.begun();
    await new Promise<void>((resolve) => (this.release = resolve));
    return { slow: true };
  }

  @Get(':id/changes')
  @Produces('text/event-stream', 'application/json')
  changes(@Res() reply: FastifyReply): void {
    if (reply.request.headers.accept === 'application/json') {
      void reply.send([]);
      return;
    }
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.write('retry: 1000\n\n');
  }

  @Get()
  list(@Query() page: PageDto): object {
    return [page];
  }

  @Post('failures/:name')
  fail(@Param('name') name: string): never {
    throw failures[name]?.() ?? new Error('unknown failure');
  }
}

@Module({ controllers: [ThingController] })
class ThingModule {
  constructor(catalog: ProblemCatalog) {
    catalog.register(rejections);
  }
}

/** An answer read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body when it is a problem, else empty. */
  readonly problem: Readonly<Record<string, unknown>>;
}

/** The HTTP platform with {@link ThingController}, listening on a free port, with short timeouts. */
export class SampleApplication {
  /** Empty at the start. */
  readonly dataDirectory = mkdtempSync(join(tmpdir(), 'sample-'));
  /** What it has logged, one JSON text per line. */
  readonly lines: string[] = [];
  url: string;
  app: NestFastifyApplication;

  static async start(
    environment: Readonly<Record<string, string>> = {},
    options: Pick<ApplicationOptions, 'admission'> = {},
  ): Promise<SampleApplication> {
    const sample = new SampleApplication();
    sample.app = await createApplication({
      ...options,
      settings: loadSettings({ DATA_DIR: sample.dataDirectory, PUBLIC_URL: 'https://api.example.com', ...environment }),
      modules: [ThingModule],
      logs: createLogs({ level: 'info', format: 'json' }, { write: (line) => void sample.lines.push(line) }),
      limits: { headersTimeoutMs: 300, requestTimeoutMs: 600, timeoutCheckMs: 50 },
    });
    await sample.app.listen(0, '127.0.0.1');
    sample.url = `http://127.0.0.1:${sample.port}`;
    return sample;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.app.getHttpServer().address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  async send(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(this.url + path, init);
    const text = await response.text();
    const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json');
    return {
      status: response.status,
      headers: response.headers,
      text,
      problem: isProblem && text !== '' ? JSON.parse(text) : {},
    };
  }

  post(
    body: string | Uint8Array<ArrayBuffer>,
    headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' },
  ): Promise<Answer> {
    return this.send('/things', { method: 'POST', body, headers });
  }

  /** Writes bytes on a connection of its own and reads until the server closes it. */
  raw(...chunks: (string | Buffer)[]): Promise<string> {
    return this.#exchange(chunks, false);
  }

  /** As {@link raw}, and tells the server that nothing more will come. */
  rawToEnd(...chunks: (string | Buffer)[]): Promise<string> {
    return this.#exchange(chunks, true);
  }

  #exchange(chunks: readonly (string | Buffer)[], end: boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1');
      const received: Buffer[] = [];
      socket.on('data', (data) => received.push(Buffer.from(data)));
      socket.on('close', () => resolve(Buffer.concat(received).toString()));
      socket.on('error', (error) => (received.length > 0 ? undefined : reject(error)));
      for (const chunk of chunks) {
        socket.write(chunk);
      }
      if (end) {
        socket.end();
      }
    });
  }
}
