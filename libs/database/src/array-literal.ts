/**
 * A Postgres array as text. The driver would quote and escape every element by two regular expressions;
 * on the path of each message that is worth sparing.
 */
export function arrayLiteral(values: readonly (string | number | null)[]): string {
  let text = '';
  for (const value of values) text += `${text && ','}${element(value)}`;
  return `{${text}}`;
}

function element(value: string | number | null): string | number {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return value;
  return PLAIN.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** Needs no quotes: letters, digits and dashes, but not the word NULL. */
const PLAIN = /^(?!null$)[\w-]+$/i;
