import { KindlineError, messageText } from '@kindline/contracts';
import { z } from 'zod';
import { parse } from './validation';

const schema = z.strictObject({ user: z.object({ email: z.string() }), message: messageText.optional() });

function failure(input: unknown, of: z.ZodType = schema): KindlineError {
  try {
    parse(of, input);
  } catch (error) {
    if (error instanceof KindlineError) return error;
    throw error;
  }
  throw new Error('the input was accepted');
}

describe('parse', () => {
  it('answers the parsed input', () => {
    expect(parse(z.object({ n: z.string().transform(Number) }), { n: '4' })).toEqual({ n: 4 });
  });

  it('names every wrong field by its path', () => {
    const error = failure({ user: { email: 3 }, message: '' });
    expect(error.code).toBe('validation_failed');
    expect(error.details.errors?.map(({ path }) => path)).toEqual(['user.email', 'message']);
  });

  it('names unknown fields, cut to what fits an answer', () => {
    const error = failure({ user: { email: 'a@b' }, extra: 1, ['x'.repeat(500)]: 2 });
    expect(error.details.errors).toEqual([
      { path: 'input', message: `unknown fields: "extra", "${'x'.repeat(64)}"` },
    ]);
  });

  it('says too_large for what is only too long', () => {
    const error = failure({ user: { email: 'a@b' }, message: 'é'.repeat(4097) });
    expect(error.code).toBe('too_large');
    expect(error.message).toContain('8192 bytes');
  });

  it('never repeats what was sent', () => {
    const all = z.strictObject({
      e: z.enum(['a']),
      l: z.literal(1),
      u: z.union([z.int(), z.boolean()]),
      m: messageText,
    });
    const error = failure({ e: 'private', l: 'private', u: 'private', m: 'private\u0000' }, all);
    expect(JSON.stringify([error.message, error.details])).not.toContain('private');
    expect(error.details.errors).toHaveLength(4);
  });
});
