import { LogSetupError } from '../log.port';
import { placeOf, type EmbeddedStore } from './embedded-store';

/** Chunks that lie side by side, few enough to be worked on between two commits. */
export interface ChunkSlice {
  readonly chunks: number;
  /** Places of the first chunk, and the one after the last. */
  readonly from: number;
  readonly to: number;
}

const CHUNKS_MAX = 256;
const BYTES_MAX = 256 * 1024;
/** After each slice, for the commits that wait. */
const PAUSE_MS = 5;

/** Place of the newest chunk of a partition, which retention leaves alone as Kafka does the active segment: it tells where the partition ends. */
export async function newestChunk(store: EmbeddedStore, partitionId: number): Promise<number | undefined> {
  const range = [placeOf(partitionId, 0), placeOf(partitionId + 1, 0)];
  const [row] = await store.query('select max(place) as place from chunks where place >= ? and place < ?', range);
  return typeof row?.['place'] === 'number' ? row['place'] : undefined;
}

/**
 * Goes through the chunks of a range in slices, for work in the background: a commit waits for one slice at most.
 *
 * @throws LogSetupError LOG_DAMAGED before a damaged chunk is worked on: rewritten, it would look intact
 */
export async function* chunkSlices(
  store: EmbeddedStore,
  from: number,
  until: number,
  signal: AbortSignal,
): AsyncGenerator<ChunkSlice> {
  let next = from;
  while (!signal.aborted) {
    const slice = await sliceAt(store, next, until);
    if (slice === undefined) return;
    yield slice;
    next = slice.to;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function sliceAt(store: EmbeddedStore, from: number, until: number): Promise<ChunkSlice | undefined> {
  const rows = await store.query(
    'select place, octet_length(records) as bytes from chunks where place >= ? and place < ? order by place limit ?',
    [from, until, CHUNKS_MAX],
  );
  let bytes = 0;
  let chunks = 0;
  for (const row of rows) {
    bytes += Number(row['bytes']);
    if (chunks > 0 && bytes > BYTES_MAX) break;
    chunks++;
  }
  const last = rows[chunks - 1];
  if (last === undefined) return undefined;
  const slice = { chunks, from: Number(rows[0]?.['place']), to: Number(last['place']) + 1 };
  const [damaged] = await store.query(
    'select place from chunks where place >= ? and place < ? and checksum(place, records) <> crc limit 1',
    [slice.from, slice.to],
  );
  if (damaged === undefined) return slice;
  throw new LogSetupError('LOG_DAMAGED', `${store.path} is damaged in chunk ${Number(damaged['place'])}`);
}
