import { join } from 'node:path';
import { defineConfig } from 'vite';

/** The client as others install it: one file for `import`, one for `require`. */
export default defineConfig({
  root: import.meta.dirname,
  logLevel: 'warn',
  build: {
    target: 'es2022',
    outDir: join(import.meta.dirname, '..', '..', 'dist', 'client', 'package'),
    emptyOutDir: false,
    lib: {
      entry: join(import.meta.dirname, 'src', 'index.ts'),
      formats: ['es', 'cjs'],
      fileName: (format) => (format === 'es' ? 'index.mjs' : 'index.cjs'),
    },
    // Who bundles an app makes it small there, and reads names while looking for a mistake.
    minify: false,
    rolldownOptions: { external: ['socket.io-client'] },
  },
});
