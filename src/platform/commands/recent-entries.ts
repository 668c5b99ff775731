/**
 * A bounded map of what was used recently: two generations, the older of which is dropped whole when the newer is full. Cheaper than an
 * exact LRU order, and as good for a cache in front of a file.
 */
export class RecentEntries<Value> {
  private newer = new Map<string, Value>();
  private older = new Map<string, Value>();

  /** @param entriesMax bound of both generations together */
  constructor(private readonly entriesMax: number) {}

  get(key: string): Value | undefined {
    const value = this.newer.get(key);
    if (value !== undefined) return value;
    const kept = this.older.get(key);
    if (kept !== undefined) this.set(key, kept);
    return kept;
  }

  set(key: string, value: Value): void {
    this.newer.set(key, value);
    if (this.newer.size * 2 < this.entriesMax) return;
    this.older = this.newer;
    this.newer = new Map();
  }

  delete(key: string): void {
    this.newer.delete(key);
    this.older.delete(key);
  }

  deletePrefix(prefix: string): void {
    for (const generation of [this.newer, this.older]) {
      for (const key of generation.keys()) if (key.startsWith(prefix)) generation.delete(key);
    }
  }
}
