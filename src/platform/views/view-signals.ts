/** Who wants to know that a view has changed: `undefined` says that any may have. */
type Listener = (view: string | undefined) => void;

/** Wakes whoever waits for a view: after commits of this process, and when another process tells of its own. */
export class ViewSignals {
  private readonly listeners = new Set<Listener>();

  /** @returns ends it */
  on(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(view: string | undefined): void {
    for (const listener of this.listeners) listener(view);
  }
}
