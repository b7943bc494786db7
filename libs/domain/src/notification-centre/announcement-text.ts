import { KindlineError } from '@kindline/contracts';
import { LiquidError, Tokenizer, TokenKind } from 'liquidjs';
import { render } from '../notifications/template';

/** Characters of a text once it is filled: more than any device shows. */
const MOST_CHARACTERS = { title: 200, body: 1_000 } as const;
type Field = keyof typeof MOST_CHARACTERS;
const FIELDS = ['title', 'body'] as const satisfies readonly Field[];

export type Texts = Record<Field, string>;
export type Variables = Readonly<Record<string, string | number>>;

/** Text as it stands, or the name of a variable. */
type Piece = { text: string } | { variable: string };

const PLACEHOLDER = /^\{\{\s*([a-z_]\w{0,63})\s*\}\}$/i;
/** Liquid takes these for values. */
const LITERALS = new Set(['true', 'false', 'nil', 'null', 'empty', 'blank']);
/** A first name that a text must have room for. */
const LONG_NAME = 'x'.repeat(64);

/**
 * An announcement's title and body, filled. Those given win over the template's; values stand as they are, and
 * variables that nothing uses are fine.
 * @throws validation_failed naming the field or the variable: for anything but `{{ name }}`, for a variable
 * without a value, and when a text is blank or too long once it is filled
 */
export function renderAnnouncement({
  template,
  variables = {},
  ...given
}: {
  title?: string | undefined;
  body?: string | undefined;
  template?: Texts | undefined;
  variables?: Variables | undefined;
}): Texts {
  const filled = (field: Field): string => {
    const text = given[field] ?? template?.[field];
    if (text === undefined) throw refused(field, 'is required without a template');
    return fill(field, text, variables);
  };
  return { title: filled('title'), body: filled('body') };
}

/** @throws validation_failed when a text uses anything but `{{ name }}`, or is blank or too long whatever fills it */
export function checkTexts(texts: Texts): void {
  for (const field of FIELDS) {
    const written = understood(field, texts[field]).map((piece) => ('text' in piece ? piece.text : '_'));
    checkFilled(field, written.join(''));
  }
}

/**
 * Whether a kind of notification can be told in these texts: nothing is known of it but the receiver's first name.
 * @throws validation_failed for another variable, and when a text is blank without a name or too long with a long one
 */
export function checkTextsOfKind(texts: Texts): void {
  for (const field of FIELDS) {
    const other = variablesOf(texts[field]).find((variable) => variable !== 'name');
    if (other !== undefined) {
      throw refused(field, `has the variable ${other}, but texts of a kind of notification only know name`);
    }
    for (const name of [undefined, LONG_NAME]) checkFilled(field, render(texts[field], { name }));
  }
}

/** The names of a text's variables, each once; of one that `checkTexts` refuses, none. */
export function variablesOf(text: string): string[] {
  const pieces = piecesOf(text) ?? [];
  return [...new Set(pieces.flatMap((piece) => ('variable' in piece ? [piece.variable] : [])))];
}

function fill(field: Field, text: string, variables: Variables): string {
  const filled = understood(field, text).map((piece) => {
    if ('text' in piece) return piece.text;
    const value = Object.hasOwn(variables, piece.variable) ? variables[piece.variable] : undefined;
    if (value === undefined) throw refused(`variables.${piece.variable}`, `is missing: ${field} uses it`);
    return String(value);
  });
  return checkFilled(field, filled.join(''));
}

function understood(field: Field, text: string): Piece[] {
  const pieces = piecesOf(text);
  if (!pieces) throw refused(field, 'may have variables such as {{ name }}, but no tags, filters or paths');
  return pieces;
}

/** Only reads the text: nothing of Liquid is ever run. */
function piecesOf(text: string): Piece[] | undefined {
  const pieces: Piece[] = [];
  try {
    for (const token of new Tokenizer(text).readTopLevelTokens()) {
      const [, variable] = PLACEHOLDER.exec(token.getText()) ?? [];
      if (token.kind === TokenKind.HTML) pieces.push({ text: token.getText() });
      else if (variable !== undefined && !LITERALS.has(variable)) pieces.push({ variable });
      else return undefined;
    }
  } catch (error) {
    // A brace that is not closed, in the caller's text.
    if (LiquidError.is(error)) return undefined;
    throw error;
  }
  return pieces;
}

function checkFilled(field: Field, text: string): string {
  const most = MOST_CHARACTERS[field];
  if (text.trim() === '') throw refused(field, 'is blank once it is filled');
  // Characters as people count them, not UTF-16's units; a text far too long is not taken apart.
  if (text.length > 2 * most || [...text].length > most) {
    throw refused(field, `must be at most ${most} characters once it is filled`);
  }
  return text;
}

const refused = (path: string, message: string): KindlineError =>
  new KindlineError('validation_failed', `${path}: ${message}`, { errors: [{ path, message }] });
