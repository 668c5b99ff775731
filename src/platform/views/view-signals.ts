/** Who wants to know that a view has changed: `undefined` says that any may have. */
type Listener = (view: string | undefined) => void;

/** Wakes whoever waits for a view: after commits of this process, and when another process tells of its own. */
export class ViewSignals {
  private readonly listeners = new Set<Listener>();
  private readonly attention = new Map<string, number>();

  /** @returns ends it */
  on(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(view: string | undefined): void {
    for (const listener of this.listeners) listener(view);
  }

  /** Somebody waits for the view or watches it: its projector then writes as soon as it can. @returns ends it */
  attend(view: string): () => void {
    this.attention.set(view, (this.attention.get(view) ?? 0) + 1);
    return () => this.attention.set(view, (this.attention.get(view) ?? 1) - 1);
  }

  isAttended(view: string): boolean {
    return (this.attention.get(view) ?? 0) > 0;
  }
}
