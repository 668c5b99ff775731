import { Injectable, Logger } from '@nestjs/common';
import {
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { asError } from '../as-error';
import { product } from '../http/product';
import { spanContextOf } from './traceparent';

/** A step in the life of a command that is over and belongs to a trace. */
export interface TracedStep {
  readonly name: string;
  readonly kind: 'producer' | 'consumer';
  readonly parent: SpanContext;
  /** By `performance.now()`; the step ends now. */
  readonly started: number;
  readonly attributes: Attributes;
  /** Why it failed, if so. */
  readonly failure?: string;
}

const kinds = { producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER };

/**
 * Spans of the OpenTelemetry SDK that was registered before the process was built. Without one, {@link areOn} is false, and nobody does
 * anything for traces but pass `traceparent` on.
 */
@Injectable()
export class Traces {
  readonly #logger = new Logger('Traces');
  readonly #tracer: Tracer | undefined = registeredTracer();
  #hasFailed = false;

  get areOn(): boolean {
    return this.#tracer !== undefined;
  }

  /**
   * Begins the span of a request: under the span that an instrumentation has begun for it, else under the caller's.
   * @param traceparent of the caller, as received
   */
  beginRequest(method: string, path: string, traceparent: string | undefined): Span | undefined {
    const caller = spanContextOf(traceparent);
    const active = context.active();
    const isUnder = trace.getSpan(active) !== undefined || caller === undefined;
    const parent = isUnder ? active : trace.setSpanContext(active, caller);
    const attributes = { 'http.request.method': method, 'url.path': path };
    return this.#guarded((tracer) => tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent));
  }

  /** Ends the span of a request with what is known by then. */
  endRequest(span: Span, name: string, status: number, attributes: Attributes): void {
    this.#guarded(() => {
      span.updateName(name);
      span.setAttributes({ ...attributes, 'http.response.status_code': status });
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
  }

  /** Records a step that ends now. Never throws. */
  record({ name, kind, parent, started, attributes, failure }: TracedStep): void {
    this.#guarded((tracer) => {
      const under = trace.setSpanContext(ROOT_CONTEXT, parent);
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes, startTime: started }, under);
      if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
      span.end(performance.now());
    });
  }

  /** An SDK is the user's code: when it throws, no command may suffer. */
  #guarded<T>(work: (tracer: Tracer) => T): T | undefined {
    if (this.#tracer === undefined) return undefined;
    try {
      return work(this.#tracer);
    } catch (error) {
      if (!this.#hasFailed) this.#logger.warn(asError(error), 'spans are lost; this is told once');
      this.#hasFailed = true;
      return undefined;
    }
  }
}

/** Without an SDK every span has the id of zeros. The one asked here is never ended, so never exported. */
function registeredTracer(): Tracer | undefined {
  const tracer = trace.getTracer(product.name, product.version);
  const probe = tracer.startSpan('probe', { root: true });
  return isSpanContextValid(probe.spanContext()) ? tracer : undefined;
}
