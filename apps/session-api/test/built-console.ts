import type { DemoPerson } from '@kindline/contracts';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

export const DEMO_PEOPLE: readonly DemoPerson[] = [
  { sub: 'demo-ada', email: 'ada@demo.test', name: 'Ada', roles: ['user'], about: 'Ada asks.' },
  { sub: 'demo-ben', email: 'ben@demo.test', name: 'Ben', roles: ['volunteer'], about: 'Ben answers.' },
];

/** What a build of the console leaves, with little in it, and a file of demo people. */
export class BuiltConsole {
  private readonly folder = mkdtempSync(join(tmpdir(), 'kindline-console-'));
  readonly site = join(this.folder, 'site');
  readonly people = join(this.folder, 'people.json');
  readonly script = `/* ${'a script '.repeat(50)}*/`;

  constructor() {
    mkdirSync(join(this.site, 'assets'), { recursive: true });
    this.write('site/index.html', '<!doctype html><title>Notes</title>');
    this.write('site/robots.txt', 'User-agent: *');
    this.write('site/.sources', 'not for anybody');
    this.write('site/assets/main-a1_B2.js', this.script);
    this.write('site/assets/main-a1_B2.js.br', brotliCompressSync(this.script));
    this.write('site/assets/main-a1_B2.js.gz', gzipSync(this.script));
    this.write('site/assets/plain-c3.css', 'body {}');
    this.write('outside.txt', 'not for anybody');
    this.write('people.json', JSON.stringify(DEMO_PEOPLE));
  }

  /** Settings that serve it. */
  get settings(): Record<string, string> {
    return { CONSOLE: 'true', CONSOLE_DIR: this.site };
  }

  /** The same, with demo people. */
  get demoSettings(): Record<string, string> {
    return { ...this.settings, CONSOLE_DEMO_PEOPLE: this.people };
  }

  /** @returns its path */
  write(name: string, content: string | Buffer): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
