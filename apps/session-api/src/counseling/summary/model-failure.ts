/**
 * Why a model did not answer. It carries nothing else on purpose: the SDK's errors quote the server's answer,
 * which may quote the conversation or the key.
 */
export class ModelFailure extends Error {
  constructor(
    readonly kind: 'timeout' | 'connection' | 'status' | 'malformed' | 'refused',
    readonly status?: number,
  ) {
    super(`the model did not answer: ${kind}`);
    this.name = 'ModelFailure';
  }
}
