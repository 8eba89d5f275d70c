import js from '@eslint/js'
import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['node_modules', '.sst', '.local', 'coverage', 'reports', '.stryker-tmp', 'sst-env.d.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
      },
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx', 'functions/dashboard/script/*.js'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['sst.config.ts'], defaultProject: 'stacks/tsconfig.json' },
      },
    },
    rules: {
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-assertions': [
        'error',
        { assertionStyle: 'as', objectLiteralTypeAssertions: 'never' },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/require-await': 'off',
      // hono points at a package for Lambda that is not published yet.
      '@typescript-eslint/no-deprecated': ['error', { allow: [{ from: 'package', package: 'hono', name: 'handle' }] }],
      eqeqeq: 'error',
    },
  },
  // The compiler, which checks them too, knows what a browser has.
  { files: ['functions/dashboard/script/*.js'], rules: { 'no-undef': 'off' } },
  { files: ['test/**/*.ts', 'harness/**/*.ts'], rules: { 'max-lines-per-function': 'off' } },
  // SST finds its types by it.
  { files: ['sst.config.ts'], rules: { '@typescript-eslint/triple-slash-reference': 'off' } },
)
