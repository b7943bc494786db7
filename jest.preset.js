const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const { paths, baseUrl, ...jsc } = JSON.parse(readFileSync(join(__dirname, '.swcrc'), 'utf8')).jsc;

/** What every project's jest.config.js builds on: swc for speed (types are checked by `tsc`), aliases from .swcrc. */
module.exports = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { swcrc: false, jsc, module: { type: 'commonjs', ignoreDynamic: true }, sourceMaps: 'inline' },
    ],
  },
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json', 'node'],
  moduleNameMapper: Object.fromEntries(
    Object.entries(paths).map(([name, [path]]) => [`^${name}$`, join(__dirname, path)]),
  ),
  testMatch: ['**/*.spec.ts', '**/*.integration-spec.ts'],
};
