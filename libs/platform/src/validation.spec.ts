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

  it('says of a union what it takes, or what is wrong for the member of that type', () => {
    const one = z.strictObject({
      id: z.union([z.string().min(1), z.int()], 'must be a string or a whole number'),
    });
    const many = z.union([one, z.array(z.unknown()).max(1, 'must hold one')]);
    const messages = (input: unknown, schema: z.ZodType) =>
      failure(input, schema).details.errors?.map(({ path, message }) => `${path}: ${message}`);
    expect(messages({ id: true }, one)).toEqual(['id: must be a string or a whole number']);
    expect(messages({}, one)).toEqual(['id: must be a string or a whole number']);
    expect(messages({ id: '' }, one)?.[0]).toMatch(/^id: Too small/);
    expect(messages([1, 2], many)).toEqual(['input: must hold one']);
    expect(messages({ id: 1.5 }, many)).toEqual(['id: must be a string or a whole number']);
  });
});
