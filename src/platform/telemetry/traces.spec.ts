import { Logger } from '@nestjs/common';
import { context, trace } from '@opentelemetry/api';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';
import { CommandTelemetry, type CommittedBatch } from './command-telemetry';
import { MetricsService } from './metrics.service';
import { spanContextOf, traceparentOf } from './traceparent';
import { Traces } from './traces';
import { ViewTelemetry, type ProjectedEvent } from './view-telemetry';

const traceId = (number: number): string => number.toString(16).padStart(32, '0');
const traceparent = (trace_: number, flags = '01'): string => `00-${traceId(trace_)}-00f067aa0ba902b7-${flags}`;

const fail = (): never => {
  throw new Error('this must not be called, or its failure must not matter');
};

/** Reads of it fail the test. */
const untouchable = <T extends object>(what: T): T => new Proxy(what, { get: fail });

const telemetry = (): { commands: CommandTelemetry; views: ViewTelemetry } => {
  const metrics = new MetricsService();
  const traces = new Traces();
  return {
    commands: new CommandTelemetry(metrics, traces, {
      modules: [],
      waiting: () => 0,
      owned: () => [],
      lag: async () => [],
    }),
    views: new ViewTelemetry(metrics, traces, {
      openStreams: () => 0,
      lag: async () => [],
      failures: () => [],
      oldestWaiting: () => [],
    }),
  };
};

function batch(headers: readonly Readonly<Record<string, string>>[]): CommittedBatch {
  const records = headers.map((each, offset) => ({
    topic: 'calculator.commands',
    partition: 0,
    offset,
    key: 'a',
    value: '{}',
    headers: each,
    timestamp: 0,
  }));
  return { module: 'calculator', records, replies: [], parked: 0, started: performance.now() };
}

describe('traceparent', () => {
  it('is read and written as W3C says', () => {
    expect(spanContextOf(traceparent(7))).toMatchObject({ traceId: traceId(7), traceFlags: 1, isRemote: true });
    expect(traceparentOf({ traceId: traceId(7), spanId: '00f067aa0ba902b7', traceFlags: 0 })).toBe(
      traceparent(7, '00'),
    );
    expect(spanContextOf('nonsense')).toBeUndefined();
    expect(spanContextOf(undefined)).toBeUndefined();
  });
});

describe('without an OpenTelemetry SDK', () => {
  it('nothing is looked at to make spans of it', () => {
    const { commands, views } = telemetry();
    const headers = untouchable({});
    const event = untouchable<ProjectedEvent>({ record: { timestamp: 0, headers } });
    const oldest: ProjectedEvent = { record: { timestamp: 0, headers } };

    expect(new Traces().areOn).toBe(false);
    commands.appended({ topic: 'calculator.commands', key: 'a', value: '{}', headers }, performance.now());
    commands.committed(batch([headers, headers]));
    views.projected({ view: 'v', partitions: [[oldest, event]], started: performance.now() });
  });
});

describe('with an OpenTelemetry SDK', () => {
  const exporter = new InMemorySpanExporter();
  const register = (processor: SpanProcessor): void => {
    trace.setGlobalTracerProvider(new TracerProvider({ sampler: new AlwaysOnSampler(), spanProcessors: [processor] }));
  };

  afterEach(() => {
    trace.disable();
    context.disable();
    exporter.reset();
  });

  it('every command has a span of its own trace for its decision, unless that trace is not recorded', () => {
    register(new SimpleSpanProcessor({ exporter }));
    const { commands } = telemetry();
    commands.committed(batch([1, 2].map((number) => ({ traceparent: traceparent(number), 'domain-model': 'Add' }))));
    commands.committed(batch([{ traceparent: traceparent(3, '00') }, { traceparent: 'nonsense' }, {}]));

    const spans = exporter.getFinishedSpans();
    expect(spans.map((span) => span.spanContext().traceId)).toEqual([traceId(1), traceId(2)]);
    expect(spans.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(Array(2).fill('00f067aa0ba902b7'));
    expect(spans[0]).toMatchObject({
      name: 'decide calculator.commands',
      attributes: { 'cqrs.command': 'Add', 'messaging.batch.message_count': 2 },
    });
  });

  it('a transaction of a view is one step in each of its traces, and in no more than a hundred', () => {
    register(new SimpleSpanProcessor({ exporter }));
    const { views } = telemetry();
    const events = [1, 1, 2].map((number) => ({
      record: { timestamp: 0, headers: { traceparent: traceparent(number) } },
    }));
    views.projected({ view: 'v', partitions: [events], started: performance.now() });

    expect(exporter.getFinishedSpans().map((span) => span.spanContext().traceId)).toEqual([traceId(1), traceId(2)]);
    exporter.reset();
    const many = Array.from({ length: 500 }, (_, index) => ({
      record: { timestamp: 0, headers: { traceparent: traceparent(index + 1) } },
    }));
    views.projected({ view: 'v', partitions: [many], started: performance.now() });
    expect(exporter.getFinishedSpans()).toHaveLength(100);
  });

  it('one that throws does no harm', () => {
    Logger.overrideLogger(false);
    register({ onStart: () => undefined, onEnd: fail, forceFlush: async () => {}, shutdown: async () => {} });
    const { commands } = telemetry();

    expect(() => commands.committed(batch([{ traceparent: traceparent(1) }]))).not.toThrow();
  });
});
