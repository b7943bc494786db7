import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const root = import.meta.dirname;
const libs = resolve(root, '../../libs');
const outDir = resolve(root, '../../dist/console');

/** Compressed once here rather than for every reader. */
const compressed: Plugin = {
  name: 'compressed',
  apply: 'build',
  closeBundle() {
    for (const file of readdirSync(outDir, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(js|css|html|json|svg)$/.test(file)) continue;
      const path = join(outDir, file);
      const content = readFileSync(path);
      writeFileSync(`${path}.br`, brotliCompressSync(content));
      writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
    }
  },
};

export default defineConfig({
  root,
  base: '/console/',
  plugins: [react(), compressed],
  resolve: { alias: { '@kindline/client': resolve(libs, 'client/src/index.ts') } },
  build: { outDir, emptyOutDir: true, target: 'es2022', reportCompressedSize: false },
  // `npx vite apps/console` beside a running `npm start`: the page from its sources, everything else from there.
  server: {
    proxy: Object.fromEntries(
      ['/api', '/auth', '/sessions', '/start_chat_session', '/accept_chat_request', '/cancel_chat_request']
        .concat(['/console/config.json', '/console/demo'])
        .map((path) => [path, 'http://127.0.0.1:3000']),
    ),
  },
});
