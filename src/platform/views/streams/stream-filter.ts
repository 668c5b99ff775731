import type { RowShape } from '../../../kernel/view';
import { InvalidRow } from '../views.errors';
import type { RowCodec } from '../row.codec';

/** Equality on some columns: which rows of a view a client sees. */
export class StreamFilter {
  /** Sorted names of the columns, one text per set of columns. */
  readonly columnsText: string;
  /** The values, one text per filter with these columns. */
  readonly valuesText: string;
  readonly columns: readonly string[];

  /** @throws InvalidRow when a column is neither key nor indexed: then neither rows nor deletions can be found by it */
  constructor(
    codec: RowCodec,
    readonly where: RowShape,
  ) {
    this.columns = Object.keys(where).sort();
    for (const column of this.columns) {
      if (!codec.filterColumns.includes(column)) {
        throw new InvalidRow(`${codec.table.name}: a stream cannot be filtered by ${column}, it has no index`);
      }
    }
    this.columnsText = this.columns.join(' ');
    this.valuesText = valuesText(this.columns, where);
  }

  matches(row: RowShape): boolean {
    for (const column of this.columns) {
      if (row[column] !== this.where[column]) return false;
    }
    return true;
  }
}

/** What {@link StreamFilter.valuesText} is for a filter that selects this row. */
export function valuesText(columns: readonly string[], row: RowShape): string {
  return JSON.stringify(columns.map((column) => row[column]));
}
