import type { KeyValueStorage } from '../api';

/** Everything this library keeps begins so. */
const PREFIX = 'kindline:';

/** Memory of this page only. */
export function memoryStorage(): KeyValueStorage {
  const values = new Map<string, string>();
  return {
    get: (key) => values.get(key) ?? null,
    set: (key, value) => void values.set(key, value),
    remove: (key) => void values.delete(key),
    keys: () => [...values.keys()],
  };
}

/** `localStorage` where there is one that may be used. */
export function defaultStorage(): KeyValueStorage {
  try {
    const storage = window.localStorage;
    return {
      get: (key) => storage.getItem(key),
      set: (key, value) => storage.setItem(key, value),
      remove: (key) => storage.removeItem(key),
      keys: () => Object.keys(storage),
    };
  } catch {
    return memoryStorage();
  }
}

/** What is kept of one library on a device. When storage refuses (full, private mode), memory stands in for it. */
export class Shelf {
  private readonly memory = memoryStorage();
  private forgotten = false;

  constructor(private readonly storage: KeyValueStorage) {}

  async get(key: string): Promise<string | null> {
    const kept = await attempt(() => this.storage.get(PREFIX + key));
    return kept ?? this.memory.get(PREFIX + key);
  }

  async set(key: string, value: string): Promise<void> {
    if (this.forgotten) return;
    try {
      await this.storage.set(PREFIX + key, value);
    } catch {
      await this.memory.set(PREFIX + key, value);
    }
  }

  async remove(key: string): Promise<void> {
    await this.memory.remove(PREFIX + key);
    await attempt(() => this.storage.remove(PREFIX + key));
  }

  /** Keys that begin with this. */
  async keys(prefix: string): Promise<string[]> {
    const [kept, held] = await Promise.all([attempt(() => this.storage.keys()), this.memory.keys()]);
    const own = [...new Set([...(kept ?? []), ...held])];
    return own.filter((key) => key.startsWith(PREFIX + prefix)).map((key) => key.slice(PREFIX.length));
  }

  /** Removes everything, and keeps nothing from now on. */
  async forget(): Promise<void> {
    this.forgotten = true;
    for (const key of await this.keys('')) await this.remove(key);
  }
}

async function attempt<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch {
    return undefined;
  }
}
