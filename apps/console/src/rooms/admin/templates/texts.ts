/** As the server understands it: `{{ name }}`, and nothing else. */
const PLACEHOLDER = /\{\{\s*([a-z_]\w{0,63})\s*\}\}/gi;

/** The variables of some texts, each once, in their order. */
export const variablesOf = (...texts: readonly string[]): string[] => [
  ...new Set(texts.flatMap((text) => [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name))),
];

/** A text with its variables filled in; those without a value stay as they are written. */
export const filledIn = (text: string, variables: Readonly<Record<string, string>>): string =>
  text.replaceAll(PLACEHOLDER, (written, name: string) => variables[name] || written);
