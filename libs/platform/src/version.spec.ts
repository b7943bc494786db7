import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { VERSION } from './version';

it("is package.json's", () => {
  const { version } = JSON.parse(readFileSync(resolve('package.json'), 'utf8')) as { version: string };
  expect(VERSION).toBe(version);
});
