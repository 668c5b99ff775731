/** What a process tells of itself at `/metrics`, as far as leaks are concerned. */
export interface ProcessMetrics {
  readonly residentMegabytes: number;
  readonly heapMegabytes: number;
  /** Open sockets, listeners and pipes. */
  readonly handles: number;
  readonly timers: number;
  readonly streams: number;
  /** Requests that are worked on, and open streams. */
  readonly inFlight: number;
}

/** @throws Error when a metric is not there */
export async function processMetrics(url: string): Promise<ProcessMetrics> {
  const text = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
  const all = (name: string): number[] =>
    [...text.matchAll(new RegExp(`^${name} (\\S+)$`, 'gm'))].map(([, value]) => Number(value));
  const one = (name: string): number => {
    const [value] = all(name);
    if (value === undefined) throw new Error(`/metrics has no ${name}`);
    return value;
  };
  const megabyte = 1024 * 1024;
  return {
    residentMegabytes: Math.round(one('process_resident_memory_bytes') / megabyte),
    heapMegabytes: Math.round(one('nodejs_heap_size_used_bytes') / megabyte),
    handles: one('nodejs_active_handles_total'),
    timers: all('nodejs_active_resources\\{type="Timeout"\\}')[0] ?? 0,
    streams: one('streams_open'),
    inFlight: all('http_requests_in_flight\\{kind="\\w+"\\}').reduce((sum, count) => sum + count, 0),
  };
}
