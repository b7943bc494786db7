import type { ConsoleConfig } from '@kindline/contracts';

export type { ConsoleConfig };

/** What the server says about itself, with the address of its API filled in. */
export async function loadConfig(): Promise<ConsoleConfig> {
  const answer = await fetch(`${import.meta.env.BASE_URL}config.json`, { cache: 'no-store' });
  if (!answer.ok) throw new Error(`its settings could not be read (${answer.status})`);
  const config = (await answer.json()) as ConsoleConfig;
  return { ...config, apiUrl: config.apiUrl || location.origin };
}
