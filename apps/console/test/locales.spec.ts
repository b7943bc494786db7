import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LOCALES = join(__dirname, '..', 'src', 'i18n', 'locales');
const languages = readdirSync(LOCALES);
const filesOf = (language: string): string[] => readdirSync(join(LOCALES, language)).sort();

/** Every text by its path, e.g. `look.dark`. */
function textsOf(language: string, file: string): Map<string, string> {
  const texts = new Map<string, string>();
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'string') texts.set(path, value);
    else
      for (const [key, inner] of Object.entries(value as object)) walk(inner, path ? `${path}.${key}` : key);
  };
  walk(JSON.parse(readFileSync(join(LOCALES, language, file), 'utf8')), '');
  return texts;
}
/** Plural forms differ between languages: `_one` and `_other` count as one text. */
const keysOf = (texts: Map<string, string>): string[] =>
  [...new Set([...texts.keys()].map((key) => key.replace(/_(zero|one|two|few|many|other)$/, '')))].sort();
const variablesOf = (text: string): string[] =>
  [...text.matchAll(/\{\{\s*(\w+)/g)].map(([, name]) => name ?? '').sort();

describe.each(languages.filter((language) => language !== 'en'))('the texts in %s', (language) => {
  it('are in the same files as the English ones', () => {
    expect(filesOf(language)).toEqual(filesOf('en'));
  });

  it.each(filesOf('en'))('%s has every text, with the same variables', (file) => {
    const english = textsOf('en', file);
    const translated = textsOf(language, file);
    expect(keysOf(translated)).toEqual(keysOf(english));
    for (const [key, text] of translated) {
      expect(text).not.toBe('');
      const original = english.get(key);
      if (original !== undefined)
        expect({ key, variables: variablesOf(text) }).toEqual({ key, variables: variablesOf(original) });
    }
  });
});
