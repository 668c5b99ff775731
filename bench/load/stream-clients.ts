import { StreamConnection, type StreamRequest } from './stream-connection.ts';
import { runStreamProcess, type StreamListener } from './stream-process.ts';

/** Clients of the changes of one value. */
export interface ChangesTask extends StreamRequest {
  readonly clients: number;
  readonly changes: number;
}

/**
 * Change n, counted from 0, adds n + 1 to the value: so a client knows which one it has got, in whatever order they were decided. The creation
 * of the value is version 1.
 */
class ChangesClient implements StreamListener {
  readonly connection: StreamConnection;
  readonly arrivedAtMs: Float64Array;
  irregular = 0;
  #version = 0;
  #value = 0;

  constructor(task: ChangesTask) {
    this.arrivedAtMs = new Float64Array(task.changes);
    this.connection = new StreamConnection(task, (event, atMs) => this.#take(event, atMs));
  }

  get isComplete(): boolean {
    return this.#version >= this.arrivedAtMs.length + 1;
  }

  #take(event: string, atMs: number): void {
    const row = /\ndata: \{"value":(\d+),"version":(\d+),/.exec(event);
    if (row === null) return;
    const [value, version] = [Number(row[1]), Number(row[2])];
    if (version === this.#version + 1) this.arrivedAtMs[value - this.#value - 1] = atMs;
    else this.irregular++;
    this.#value = value;
    this.#version = version;
  }
}

runStreamProcess((task: ChangesTask) => ({ clients: task.clients, open: () => new ChangesClient(task) }));
