import type { ClientError } from '@kindline/client';

/** What the server says is wrong, by field; what no field of the form is named by stays for everybody to read. */
export function fieldErrors(
  error: unknown,
  fieldOf: (path: string) => string | null,
): { fields: Record<string, string>; rest: string[] } {
  const { errors = [] } = error as Partial<ClientError>;
  const fields: Record<string, string> = {};
  const rest: string[] = [];
  for (const { path, message } of errors) {
    const field = fieldOf(path);
    if (field === null) rest.push(path === '' ? message : `${path}: ${message}`);
    else fields[field] ??= message;
  }
  return { fields, rest };
}
