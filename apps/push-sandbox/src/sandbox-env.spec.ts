import { readSandboxEnv } from './sandbox-env';

it('has a default for everything; what is empty is absent', () => {
  expect(readSandboxEnv({ HOST: '' })).toEqual({
    HOST: '127.0.0.1',
    PUSH_SANDBOX_PORT: 3099,
    PUSH_SANDBOX_TLS_PORT: 3098,
  });
});

it('names each bad variable with an example', () => {
  expect(() => readSandboxEnv({ PUSH_SANDBOX_PORT: 'x', PUSH_SANDBOX_TLS_PORT: '70000' })).toThrow(
    /^PUSH_SANDBOX_PORT: must be a port \(example: 3099\)\nPUSH_SANDBOX_TLS_PORT: .* \(example: 3098\)$/,
  );
});
