import { type FieldError, KindlineError } from '@kindline/contracts';
import type { z } from 'zod';

/**
 * @returns the parsed input
 * @throws validation_failed with every wrong field, or too_large; neither repeats what was sent
 */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issues = flatten(parsed.error.issues);
  const errors = issues.map(fieldError);
  const tooLarge = issues.find((issue) => issue.code === 'custom' && issue.params?.['code'] === 'too_large');
  if (tooLarge) throw new KindlineError('too_large', `${pathOf(tooLarge)} ${tooLarge.message}`, { errors });
  const [first] = errors;
  throw new KindlineError('validation_failed', first && `${first.path}: ${first.message}`, { errors });
}

type Issue = z.core.$ZodIssue;

/** A union reports one list per member; that of the first one of the input's type says enough. */
function flatten(issues: readonly Issue[]): Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'invalid_union') return [issue];
    const fitting = issue.errors.find((list) => !list.some(isWrongType));
    // None is of the input's type: the union says what it takes, if it does.
    if (!fitting && issue.message !== 'Invalid input') return [issue];
    const inner = (fitting ?? issue.errors[0])?.map(
      (nested) => ({ ...nested, path: [...issue.path, ...nested.path] }) as Issue,
    );
    return inner && inner.length > 0 ? flatten(inner) : [issue];
  });
}

const isWrongType = ({ code, path }: Issue): boolean => code === 'invalid_type' && path.length === 0;

function fieldError(issue: Issue): FieldError {
  if (issue.code !== 'unrecognized_keys') return { path: pathOf(issue), message: issue.message };
  // The names are the caller's own, but they are cut: they end up in an answer.
  const keys = issue.keys.slice(0, 10).map((key) => JSON.stringify(key.slice(0, 64)));
  return { path: pathOf(issue), message: `unknown fields: ${keys.join(', ')}` };
}

const pathOf = (issue: Issue): string => issue.path.map(String).join('.') || 'input';
