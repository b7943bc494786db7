import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const FOLDER = join(__dirname, '..', '..', 'docker');

export interface Container {
  image: string;
  profiles?: string[];
  build?: { args: Record<string, string> };
  environment?: Record<string, string>;
  env_file?: { path: string; required: boolean }[];
  healthcheck?: { test?: string[]; disable?: boolean };
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  stop_grace_period?: string;
  mem_limit?: string;
  pids_limit?: number;
  command?: string[];
  ports?: string[];
  networks?: string[];
  depends_on?: Record<string, { condition: string }>;
}

export const readDockerFile = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

/** What the README's command makes of `.env.example`. */
export function generatedEnv(): Record<string, string> {
  const lines = readDockerFile('.env.example').matchAll(/^([A-Z_]+)=(.*)$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, value || 'f0a4'.repeat(16)]));
}

/** Compose's own rules, as far as our file uses them, also one within another. */
export function interpolate(text: string, env: Record<string, string>): string {
  const innermost = /\$\{([A-Z_]+)(?:(:[-+?])([^${}]*))?\}/g;
  const replaced = text.replace(innermost, (_, name: string, operator?: string, word = '') => {
    const value = env[name] ?? '';
    if (operator === ':-') return value || word;
    if (operator === ':+') return value && word;
    if (operator === ':?' && !value) throw new Error(`${name} is missing: ${word}`);
    return value;
  });
  return replaced === text ? text : interpolate(replaced, env);
}

export function containers(env = generatedEnv()): Record<string, Container> {
  const fill = (_: string, value: unknown): unknown =>
    typeof value === 'string' ? interpolate(value, env) : value;
  const file: unknown = parse(readDockerFile('compose.yaml'), { merge: true });
  const { services } = JSON.parse(JSON.stringify(file, fill)) as { services: Record<string, Container> };
  return services;
}
