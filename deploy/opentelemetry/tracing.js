// Sends the process's spans to a collector: NODE_OPTIONS='--require ./deploy/opentelemetry/tracing.js'
// OTEL_EXPORTER_OTLP_ENDPOINT names the collector, by default http://localhost:4318; TRACES_SHARE, from 0 to 1, how many of the traces that
// begin here are recorded, by default all. A caller who sends a traceparent has decided for its own trace.
const { isMainThread } = require('node:worker_threads');
const { context, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} = require('@opentelemetry/sdk-trace');

// The threads that write SQLite files load this file too, and make no spans.
if (isMainThread) {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': process.env.OTEL_SERVICE_NAME ?? 'kafka-cqrs-platform' }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(Number(process.env.TRACES_SHARE ?? 1)) }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), scheduledDelayMillis: 1_000 })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  process.once('SIGTERM', () => {
    // Early in its start the process does not listen yet, and the signal would be lost here.
    const isAlone = process.listenerCount('SIGTERM') === 0;
    const end = () => isAlone && process.kill(process.pid, 'SIGTERM');
    // The process ends what it has begun; this sends what is over by now. A collector that is away must not spoil that.
    provider.forceFlush().then(end, end);
  });
}
