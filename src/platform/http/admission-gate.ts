import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { MetricsService } from '../telemetry/metrics.service';
import { preferred } from './accept';
import { Admission, type AdmissionLimits, type Work } from './admission';
import { isProbe } from './balancer-watch';
import { mustClose, overloaded, refuseEarly } from './early-refusal';
import type { ProblemCatalog } from './problem-catalog';
import { writeProblem } from './problem.filter';

const OBSERVE_MS = 20;
/**
 * On Kafka a process is at its best with 256 senders and paces itself so (ADR 17). Embedded, 64 fill the commits, and more only wait; twice
 * as many, so that a crowd that comes to a process just started is no overload.
 */
const FLOOR = { kafka: 256, embedded: 128 };
const CEILING = 4_096;
const STREAMS_MAX = 10_000;
const STREAM = 'text/event-stream';
const ignore = (): void => undefined;

/** The limits of a process by its log. */
export function admissionLimits(log: keyof typeof FLOOR): AdmissionLimits {
  return { floor: FLOOR[log], ceiling: CEILING, streamsMax: STREAMS_MAX };
}

/**
 * Refuses with 503 `OVERLOADED` what would only make everything later, before its body is read. Probes and metrics are always let in.
 * Call it before the routes are made.
 */
export function guardAdmission(server: FastifyInstance, catalog: ProblemCatalog, admission: Admission): void {
  const refuse = (request: FastifyRequest, reply: FastifyReply): void => {
    if (mustClose(request.raw)) reply.header('connection', 'close');
    writeProblem(catalog, overloaded, request, reply);
  };
  // After the hooks that need the head alone, such as CORS, without whose headers a browser would not show the refusal.
  server.addHook('preParsing', (request, reply, payload, done) => {
    if (isProbe(request) || !admission.isFull(workOf(request))) {
      done(null, payload);
      return;
    }
    admission.refuse();
    refuse(request, reply);
  });
  // It counts from when all of it has come: bodies that come slowly are no work, and take nobody's place.
  server.addHook('preValidation', (request, reply, done) => {
    const leave = isProbe(request) ? ignore : admission.enter(workOf(request));
    if (leave === undefined) {
      refuse(request, reply);
      return;
    }
    reply.raw.once('close', leave);
    done();
  });
  refuseEarly(server.server, catalog, admission);
  let due = performance.now() + OBSERVE_MS;
  const clock = setInterval(() => {
    const now = performance.now();
    admission.observe(Math.max(0, now - due));
    due = now + OBSERVE_MS;
  }, OBSERVE_MS);
  clock.unref();
  server.addHook('onClose', (_server, done) => {
    clearInterval(clock);
    done();
  });
}

/** What the operator sees of it. */
export function observeAdmission(admission: Admission, metrics: MetricsService): void {
  metrics.gauge('http_requests_in_flight', 'Requests that are worked on, and open streams', ['kind'], (gauge) => {
    for (const kind of ['read', 'write', 'stream'] as const) gauge.set({ kind }, admission.countOf(kind));
  });
  metrics.gauge(
    'http_admission_limit',
    'Requests of a kind that may be in flight before more are refused',
    [],
    (gauge) => gauge.set(admission.limit),
  );
  metrics.gauge('http_requests_refused', 'Requests refused since the start because of overload', [], (gauge) =>
    gauge.set(admission.refused),
  );
}

function workOf({ method, headers, routeOptions }: FastifyRequest): Work {
  if (method !== 'GET' && method !== 'HEAD') return 'write';
  const offers = routeOptions.config.produces;
  return offers?.includes(STREAM) && preferred(headers.accept, offers) === STREAM ? 'stream' : 'read';
}
