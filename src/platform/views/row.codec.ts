import type { ColumnType, RowShape, TableDefinition } from '../../kernel/view';
import { InvalidRow } from './views.errors';

/** A value as both SQL dialects hold it; JSON columns are text. */
export type StoredValue = string | number | null;

interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/**
 * Rows of one table between the fold and SQL. Both dialects hold the same: text without what PostgreSQL or UTF-8 cannot
 * carry (U+0000, lone surrogates become U+FFFD), numbers without a negative zero (SQLite drops its sign).
 */
export class RowCodec {
  readonly columns: readonly Column[];
  /** Columns that a stream can be filtered by: the key and those with an index. */
  readonly filterColumns: readonly string[];
  private readonly json: readonly string[];
  private readonly keyTypes: readonly Column[];

  constructor(readonly table: TableDefinition<RowShape>) {
    this.columns = Object.entries(table.columns).map(([name, type]) => ({ name, type }));
    this.json = this.columns.filter(({ type }) => type === 'json').map(({ name }) => name);
    this.keyTypes = this.columnsNamed(table.key);
    this.filterColumns = [...new Set([...table.key, ...(table.indexes ?? []).flat()])];
    this.columnsNamed(this.filterColumns);
  }

  /** @throws InvalidRow when the table has no such column */
  columnsNamed(names: readonly string[]): Column[] {
    return names.map((name) => {
      const column = this.columns.find((candidate) => candidate.name === name);
      if (column === undefined) throw new InvalidRow(`${this.table.name} has no column ${name}`);
      return column;
    });
  }

  /**
   * The row as it will be read back.
   * @throws InvalidRow when it does not fit the table
   */
  normalised(row: RowShape): RowShape {
    let changed: Record<string, unknown> | undefined;
    for (const { name, type } of this.columns) {
      const value = row[name];
      if (value === null) continue;
      const stored = this.checked(name, type, value);
      if (stored !== value || (value === 0 && Object.is(value, -0))) (changed ??= { ...row })[name] = stored;
    }
    if (Object.keys(row).length !== this.columns.length) {
      const unknown = Object.keys(row).find((name) => !Object.hasOwn(this.table.columns, name));
      throw new InvalidRow(`${this.table.name} has no column ${unknown}`);
    }
    return changed ?? row;
  }

  /**
   * The key values of a row or of a change.
   * @throws InvalidRow when one is missing
   */
  key(row: RowShape): StoredValue[] {
    return this.keyTypes.map(({ name, type }) => {
      const value = this.checked(name, type, row[name]);
      if (typeof value !== 'string' && typeof value !== 'number') throw this.invalid(name, type);
      return value;
    });
  }

  /** Appends the values in the order of the columns, as SQL takes them. */
  addValues(row: RowShape, to: StoredValue[]): void {
    for (const { name, type } of this.columns) {
      const value = row[name];
      if (type === 'json') to.push(JSON.stringify(value));
      else to.push(typeof value === 'string' || typeof value === 'number' ? value : null);
    }
  }

  /** A row as SQL gives it, with its JSON columns parsed; other properties (`seq`) are dropped. */
  decoded(stored: Readonly<Record<string, unknown>>): RowShape {
    const row: Record<string, unknown> = {};
    for (const { name } of this.columns) row[name] = stored[name];
    for (const name of this.json) {
      const text = row[name];
      if (typeof text === 'string') row[name] = JSON.parse(text);
    }
    return row;
  }

  /** The part of a row that filters look at. */
  filterPart(row: RowShape): RowShape {
    return Object.fromEntries(this.filterColumns.map((name) => [name, row[name]]));
  }

  /** Whether filters see the same in both. */
  isSameToFilters(left: RowShape, right: RowShape): boolean {
    for (const name of this.filterColumns) {
      if (left[name] !== right[name]) return false;
    }
    return true;
  }

  private checked(name: string, type: ColumnType, value: unknown): unknown {
    switch (type) {
      case 'text':
        if (typeof value !== 'string') throw this.invalid(name, type);
        return plainText(value);
      case 'integer':
        if (!Number.isSafeInteger(value)) throw this.invalid(name, type);
        return value === 0 ? 0 : value;
      case 'double':
        if (!Number.isFinite(value)) throw this.invalid(name, type);
        return value === 0 ? 0 : value;
      case 'json':
        if (value === undefined) throw this.invalid(name, type);
        return value;
    }
  }

  private invalid(name: string, type: ColumnType): InvalidRow {
    return new InvalidRow(`${this.table.name}.${name} is no ${type}`);
  }
}

/** One string per key, for maps. */
export function keyText(key: readonly StoredValue[]): string {
  const [only] = key;
  if (key.length === 1 && typeof only === 'string') return only;
  let text = '';
  // No text of a row holds U+0000, and each column has one type: no two keys of a table give the same.
  for (const value of key) text += `${value}\u0000`;
  return text;
}

/** What {@link keyText} gave, for people. */
export function shownKey(text: string): string {
  return text.endsWith('\u0000') ? text.slice(0, -1).replaceAll('\u0000', '/') : text;
}

function plainText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes('\u0000') ? wellFormed.replaceAll('\u0000', '\uFFFD') : wellFormed;
}
