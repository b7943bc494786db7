import type { Store } from './api';

/** A store that its owner writes. Setting what it holds already tells nobody. */
export class WritableStore<T> implements Store<T> {
  private readonly listeners = new Set<() => void>();

  constructor(private value: T) {}

  get(): T {
    return this.value;
  }

  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const listener of [...this.listeners]) listener();
  }

  subscribe(listener: () => void): () => void {
    // Wrapped, so that one function given twice is told twice and each is stopped by itself.
    const own = (): void => listener();
    this.listeners.add(own);
    return () => this.listeners.delete(own);
  }
}
