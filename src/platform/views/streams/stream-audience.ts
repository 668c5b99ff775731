import type { StreamClient } from './stream-client';
import { valuesText, type StreamFilter } from './stream-filter';
import type { ShowRow, StreamItem } from './stream-item';

/** Clients that are sent the very same bytes. */
interface Group {
  readonly filter: StreamFilter;
  readonly show: ShowRow;
  readonly clients: Set<StreamClient>;
  frames: Buffer[];
}

/** Filters over the same columns; the groups of one filter are found by its values. */
interface FilterKind {
  readonly columns: readonly string[];
  readonly groups: Map<string, Group[]>;
}

/** The live clients of one view, arranged so that an item costs what its readers cost, not what all clients cost. */
export class StreamAudience {
  private readonly kinds = new Map<string, FilterKind>();

  get isEmpty(): boolean {
    return this.kinds.size === 0;
  }

  add(client: StreamClient): void {
    const { filter, show } = client;
    let kind = this.kinds.get(filter.columnsText);
    if (kind === undefined) {
      kind = { columns: filter.columns, groups: new Map() };
      this.kinds.set(filter.columnsText, kind);
    }
    let groups = kind.groups.get(filter.valuesText);
    if (groups === undefined) {
      groups = [];
      kind.groups.set(filter.valuesText, groups);
    }
    let group = groups.find((candidate) => candidate.show === show);
    if (group === undefined) {
      group = { filter, show, clients: new Set(), frames: [] };
      groups.push(group);
    }
    group.clients.add(client);
  }

  remove(client: StreamClient): void {
    const { filter, show } = client;
    const kind = this.kinds.get(filter.columnsText);
    const groups = kind?.groups.get(filter.valuesText);
    const group = groups?.find((candidate) => candidate.show === show);
    if (kind === undefined || groups === undefined || group === undefined) return;
    group.clients.delete(client);
    if (group.clients.size > 0) return;
    groups.splice(groups.indexOf(group), 1);
    if (groups.length === 0) kind.groups.delete(filter.valuesText);
    if (kind.groups.size === 0) this.kinds.delete(filter.columnsText);
  }

  /** Sends the items, in order, to whom they are for: one write per client. */
  deliver(items: readonly StreamItem[]): void {
    const touched = new Set<Group>();
    for (const item of items) {
      for (const { columns, groups } of this.kinds.values()) {
        for (const group of groups.get(valuesText(columns, item.row)) ?? []) {
          if (!item.isFor(group.filter)) continue;
          group.frames.push(item.frame(group.show));
          touched.add(group);
        }
      }
    }
    for (const group of touched) {
      const chunk = Buffer.concat(group.frames);
      group.frames = [];
      for (const client of group.clients) client.sendLive(chunk);
    }
  }
}
