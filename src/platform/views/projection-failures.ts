/** Why a view does not go on: by itself later (`*_UNAVAILABLE`), after an upgrade, or not without help. */
export type ProjectionFailureCode = 'NEWER_SCHEMA' | 'PROJECTION_FAILED' | 'VIEWS_UNAVAILABLE' | 'LOG_UNAVAILABLE';

export interface ProjectionFailure {
  readonly view: string;
  /** Absent when the whole view is concerned. */
  readonly topic?: string;
  readonly partition?: number;
  readonly code: ProjectionFailureCode;
  readonly message: string;
}

/** What keeps one view from going on, by partition. */
export class ProjectionFailures {
  private readonly present = new Map<string, ProjectionFailure>();

  constructor(private readonly view: string) {}

  list(): ProjectionFailure[] {
    return [...this.present.values()];
  }

  /** @returns whether this is news */
  add(code: ProjectionFailureCode, topic: string, partition: number, error: Error): boolean {
    const place = `${topic}/${partition}`;
    const known = this.present.get(place);
    this.present.set(place, { view: this.view, topic, partition, code, message: error.message });
    return known?.code !== code;
  }

  /** @returns whether this is news */
  addWhole(code: ProjectionFailureCode, error: Error): boolean {
    const isNews = this.present.get('')?.code !== code;
    this.present.set('', { view: this.view, code, message: error.message });
    return isNews;
  }

  wholeRecovered(): void {
    this.present.delete('');
  }

  /** The partition can be read again; a stop for good stays. */
  recovered(topic: string, partition: number): void {
    const place = `${topic}/${partition}`;
    if (this.present.get(place)?.code !== 'PROJECTION_FAILED') this.present.delete(place);
  }

  /** The partition is not ours any more. */
  forget(topic: string, partition: number): void {
    this.present.delete(`${topic}/${partition}`);
  }
}
