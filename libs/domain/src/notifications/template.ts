/**
 * Fills `{{variables}}` of a notification's text. One that has no value goes, with the comma or space that
 * follows it: "{{name}}, someone is waiting" without a name is "Someone is waiting".
 */
export function render(template: string, variables: Record<string, string | null | undefined>): string {
  const text = template.replace(/\{\{\s*(\w+)\s*\}\}([,;]?\s*)/g, (_match, name: string, after: string) => {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    return value ? value + after : '';
  });
  return text.charAt(0).toUpperCase() + text.slice(1);
}
