import type { RowShape } from '../../../kernel/view';
import { deleteFrame, formatPosition, itemFrame } from './sse.frames';
import type { StreamFilter } from './stream-filter';

/** How a route shows a row to its clients. Must be one and the same function for all of them: rows are encoded once per function. */
export type ShowRow = (row: RowShape) => object;

/** One step of a stream: a row, or a row gone. Encoded once for all clients that are shown the same. */
export class StreamItem {
  private frames: Map<ShowRow, Buffer> | undefined;
  private deletion: Buffer | undefined;

  constructor(
    readonly seq: number,
    /** The row, or for a deletion what filters look at, as it was. */
    readonly row: RowShape,
    /** For a deletion: what filters look at now, `null` for a row that is gone. `undefined` for a row. */
    readonly moved: RowShape | null | undefined,
    private readonly generation: number,
    private readonly key: readonly string[],
  ) {}

  /** A row that only leaves one set for another is deleted for those alone who do not see where it went. */
  isFor(filter: StreamFilter): boolean {
    if (!filter.matches(this.row)) return false;
    return this.moved === undefined || this.moved === null || !filter.matches(this.moved);
  }

  frame(show: ShowRow): Buffer {
    if (this.moved !== undefined) {
      this.deletion ??= deleteFrame(this.id, this.rowId());
      return this.deletion;
    }
    this.frames ??= new Map();
    let frame = this.frames.get(show);
    if (frame === undefined) {
      frame = itemFrame(this.id, show(this.row));
      this.frames.set(show, frame);
    }
    return frame;
  }

  private get id(): string {
    return formatPosition(this.generation, this.seq);
  }

  /** The key's value; for a key of several columns their values in order. */
  private rowId(): unknown {
    const values = this.key.map((column) => this.row[column]);
    return values.length === 1 ? values[0] : values;
  }
}
