import { TraceFlags, type SpanContext } from '@opentelemetry/api';
import { validTraceparent } from '../http/request-context';

/** What a valid `traceparent` names; `undefined` for any other text. */
export function spanContextOf(traceparent: string | undefined): SpanContext | undefined {
  const valid = validTraceparent(traceparent);
  if (valid === undefined) return undefined;
  const [, traceId = '', spanId = '', flags = '00'] = valid.split('-', 4);
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

/** As {@link spanContextOf}, for traces that are recorded. */
export function sampledContextOf(traceparent: string | undefined): SpanContext | undefined {
  const parent = spanContextOf(traceparent);
  return parent !== undefined && (parent.traceFlags & TraceFlags.SAMPLED) !== 0 ? parent : undefined;
}

/** The W3C header that makes what follows a part of this span. */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`;
}
