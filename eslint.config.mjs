import nx from '@nx/eslint-plugin';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** Who may use whom. Everything else is refused. */
const boundaries = [
  { sourceTag: 'scope:contracts', onlyDependOnLibsWithTags: [] },
  // It is published by itself; only its specs, which this does not bind, compare it with the contracts.
  { sourceTag: 'scope:client', onlyDependOnLibsWithTags: [] },
  // Types only: a browser loads none of it.
  { sourceTag: 'scope:browser-client', onlyDependOnLibsWithTags: ['scope:contracts'] },
  { sourceTag: 'scope:console', onlyDependOnLibsWithTags: ['scope:contracts', 'scope:browser-client'] },
  { sourceTag: 'scope:database', onlyDependOnLibsWithTags: ['scope:contracts'] },
  { sourceTag: 'scope:platform', onlyDependOnLibsWithTags: ['scope:contracts'] },
  { sourceTag: 'scope:auth', onlyDependOnLibsWithTags: ['scope:contracts', 'scope:platform'] },
  {
    sourceTag: 'scope:domain',
    onlyDependOnLibsWithTags: ['scope:contracts', 'scope:database', 'scope:platform', 'scope:auth'],
  },
  {
    sourceTag: 'scope:testing',
    onlyDependOnLibsWithTags: [
      'scope:contracts',
      'scope:database',
      'scope:platform',
      'scope:auth',
      'scope:domain',
    ],
  },
  {
    sourceTag: 'scope:app',
    onlyDependOnLibsWithTags: [
      'scope:contracts',
      'scope:database',
      'scope:platform',
      'scope:auth',
      'scope:domain',
    ],
  },
];

const SPECS = ['**/*.spec.ts', '**/*.integration-spec.ts', 'apps/*/test/**/*.ts', 'libs/*/test/**/*.ts'];

export default tseslint.config(
  { ignores: ['dist', 'node_modules', '.data', '.nx', 'test/boundaries-fixture'] },
  { files: ['**/*.mjs', '**/*.js'], languageOptions: { globals: { process: 'readonly' } } },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommended],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { depConstraints: boundaries, allow: [] }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-invalid-void-type': 'off',
      'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  { files: ['apps/console/src/**/*.{ts,tsx}'], extends: [reactHooks.configs.flat.recommended] },
  {
    // Specs start whole services, each from its own app, on test servers.
    files: SPECS,
    rules: { '@nx/enforce-module-boundaries': 'off', 'max-lines': 'off' },
  },
  {
    files: ['bench/**/*.ts', 'libs/testing/**/*.ts'],
    rules: { '@nx/enforce-module-boundaries': 'off', 'no-console': 'off' },
  },
);
