import { render } from '../notifications/template';
import { checkTexts, checkTextsOfKind, renderAnnouncement, variablesOf } from './announcement-text';

const bodyOf = (body: string, variables: Record<string, string | number> = {}): string =>
  renderAnnouncement({ title: 'T', body, variables }).body;
const refusedFor = (path: string, message: RegExp = /./) =>
  expect.objectContaining({
    code: 'validation_failed',
    details: { errors: [{ path, message: expect.stringMatching(message) }] },
  });

describe('the text of an announcement', () => {
  it.each([
    ['Hello {{name}}', { name: 'Robin' }, 'Hello Robin'],
    ['Hello {{ name }}, {{\nname\n}}!', { name: 'Robin' }, 'Hello Robin, Robin!'],
    ['{{ count }} new and {{ rate }}', { count: 0, rate: 1.5 }, '0 new and 1.5'],
    ['{{ a }}{{ b }}', { a: '', b: 'b' }, 'b'],
    ['no variables', { name: 'Robin' }, 'no variables'],
    ['a } b }} c { d % } %}', {}, 'a } b }} c { d % } %}'],
    ['Fish & <Chips> "{{ x }}"', { x: '<b>&amp;\'"' }, 'Fish & <Chips> "<b>&amp;\'""'],
    ['  two\n lines  ', {}, '  two\n lines  '],
  ])('of %j with %j is %j', (body, variables, expected) => {
    expect(bodyOf(body, variables as Record<string, string | number>)).toBe(expected);
  });

  it('takes a value as it is, even one that looks like a template or a replacement', () => {
    const variables = { name: '{{ secret }} {% if %} $& $1', secret: 'no' };
    expect(bodyOf('Hi {{ name }}', variables)).toBe('Hi {{ secret }} {% if %} $& $1');
  });

  it.each(['size', 'first', 'last', 'constructor', 'forloop'])('knows %s as any other name', (name) => {
    expect(bodyOf(`{{ ${name} }}`, { [name]: 'mine' })).toBe('mine');
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'size', 'first', 'name'])(
    'names %s as missing where it is not given',
    (name) => {
      expect(() => bodyOf(`Hi {{ ${name} }}`)).toThrow(refusedFor(`variables.${name}`, /body/));
    },
  );

  it.each([
    '{% if a %}x{% endif %}',
    '{% raw %}{{ a }}{% endraw %}',
    '{% raw %}',
    '{% include "/etc/passwd" %}',
    '{%- assign a = 1 -%}',
    '{% liquid\necho a %}',
    '{% # comment %}',
    '{% for i in (1..100000000) %}x{% endfor %}',
    '{% nonsense %}',
    '{{ a | upcase }}',
    '{{ a|append: a }}',
    '{{ a.b }}',
    '{{ a["b"] }}',
    '{{ a[0] }}',
    '{{ a.constructor }}',
    '{{ (1..3) }}',
    '{{ "text" }}',
    "{{ 'text' }}",
    '{{ 1 }}',
    '{{ 1a }}',
    '{{ true }}',
    '{{ nil }}',
    '{{ empty }}',
    '{{ blank }}',
    '{{ a b }}',
    '{{ a, b }}',
    '{{ a == b }}',
    '{{ a-b }}',
    '{{ a? }}',
    '{{ ä }}',
    '{{}}',
    '{{ }}',
    '{{- a -}}',
    '{{{ a }}}',
    '{{ {{ a }} }}',
    '{{ a',
    '{{',
    'x {% y',
    `{{ ${'x'.repeat(65)} }}`,
  ])('may not be %s', (text) => {
    expect(() => renderAnnouncement({ title: text, body: 'B', variables: { a: 'A', b: 'B' } })).toThrow(
      refusedFor('title', /variables such as/),
    );
    expect(() => bodyOf(text, { a: 'A', b: 'B' })).toThrow(refusedFor('body', /variables such as/));
    expect(() => checkTexts({ title: 'T', body: text })).toThrow(refusedFor('body'));
    expect(variablesOf(text)).toEqual([]);
  });

  it('has its limits counted in characters, once it is filled', () => {
    const filled = (title: string, body: string, x = '') =>
      renderAnnouncement({ title, body, variables: { x } });
    expect(filled('🙂'.repeat(200), '🙂'.repeat(1_000)).title).toHaveLength(400);
    expect(filled(`${'a'.repeat(199)}{{ x }}`, 'B', 'b').title).toHaveLength(200);
    expect(() => filled(`${'a'.repeat(199)}{{ x }}`, 'B', 'bc')).toThrow(refusedFor('title', /200/));
    expect(() => filled('T', '🙂'.repeat(1_001))).toThrow(refusedFor('body', /1000/));
    // Only the template is long.
    const spaced = `{{${' '.repeat(1_500)}x }}`;
    expect(filled('T', spaced, 'short').body).toBe('short');
  });

  it.each(['', ' ', '\n\t', '{{ x }}'])('may not be blank, as %j is', (text) => {
    const variables = { x: '  ' };
    expect(() => renderAnnouncement({ title: text, body: 'B', variables })).toThrow(
      refusedFor('title', /blank/),
    );
    expect(() => bodyOf(text, variables)).toThrow(refusedFor('body', /blank/));
  });

  it('is the given one before the template, and both are filled', () => {
    const template = { title: 'From {{ a }}', body: 'Body of {{ b }}' };
    const variables = { a: 'Ada', b: 'Bo', unused: 1 };
    expect(renderAnnouncement({ template, variables })).toEqual({ title: 'From Ada', body: 'Body of Bo' });
    expect(renderAnnouncement({ template, variables, title: 'To {{ a }}' })).toEqual({
      title: 'To Ada',
      body: 'Body of Bo',
    });
    expect(renderAnnouncement({ template, body: 'own', variables: { a: 'Ada' } }).body).toBe('own');
    expect(() => renderAnnouncement({ body: 'own' })).toThrow(refusedFor('title', /required/));
  });

  it.each([
    ['braces that are not closed', '{{'.repeat(50_000)],
    ['tags that are not closed', '{%'.repeat(50_000)],
    ['raw after raw', '{% raw %}'.repeat(10_000)],
    ['braces in braces', `${'{{ '.repeat(30_000)}${'}}'.repeat(30_000)}`],
    ['quotes that are not closed', `{{ "${'\\"'.repeat(50_000)} }}`],
    ['blanks', `{{${' '.repeat(100_000)}`],
    ['blanks before what is no name', `{{${' '.repeat(100_000)}| }}`],
    ['many large values', '{{ big }}'.repeat(10_000)],
  ])('is refused in little time for %s', (_what, text) => {
    const begin = performance.now();
    expect(() => bodyOf(text, { big: 'x'.repeat(2_000) })).toThrow(refusedFor('body'));
    expect(performance.now() - begin).toBeLessThan(500);
  });

  it('has variables, each once, in their order', () => {
    expect(variablesOf('{{ b }} {{a}} {{ b }} {{ name_2 }}')).toEqual(['b', 'a', 'name_2']);
    expect(variablesOf('none')).toEqual([]);
  });
});

describe('the texts of a kind of notification', () => {
  it.each([
    ['New message', 'You received a new message'],
    ['{{name}}, hello', 'Come, {{ name }}!'],
    ['a'.repeat(200), 'b'.repeat(1_000)],
    [`{{name}}${'a'.repeat(136)}`, 'b'],
  ])('may be %j and %j', (title, body) => {
    expect(() => checkTextsOfKind({ title, body })).not.toThrow();
  });

  it.each([
    ['title', '{{ other }}', 'B', /other/],
    ['body', 'T', '{{ name }} {{ count }}', /count/],
    ['title', '{{ constructor }}', 'B', /constructor/],
    // Without a name there would be nothing to show.
    ['title', '{{ name }}', 'B', /blank/],
    ['body', 'T', '{{ name }}, ', /blank/],
    // With a long one there would be too much.
    ['title', `{{name}}${'a'.repeat(137)}`, 'B', /200/],
    ['body', 'T', 'x {{ name }} '.repeat(20), /1000/],
  ])('may not have the %s of %j and %j', (field, title, body, message) => {
    expect(() => checkTextsOfKind({ title, body })).toThrow(refusedFor(field, message));
  });

  it('mean the same to those who fill them', () => {
    const title = 'Hi {{ name }} and {{name}}';
    expect(render(title, { name: 'Bo' })).toBe(
      renderAnnouncement({ title, body: 'B', variables: { name: 'Bo' } }).title,
    );
  });
});
