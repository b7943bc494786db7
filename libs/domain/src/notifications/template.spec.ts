import { render } from './template';

describe('render', () => {
  it.each([
    ['{{name}}, someone is waiting', { name: 'Robin' }, 'Robin, someone is waiting'],
    ['{{ name }}, someone is waiting', { name: 'Robin' }, 'Robin, someone is waiting'],
    ['{{name}}, someone is waiting', {}, 'Someone is waiting'],
    ['{{name}}, someone is waiting', { name: null }, 'Someone is waiting'],
    ['{{name}}, someone is waiting', { name: '' }, 'Someone is waiting'],
    ['Hello {{name}}', { name: 'Robin' }, 'Hello Robin'],
    ['{{a}} and {{b}}', { a: 'this', b: 'that' }, 'This and that'],
    ['{{name}} {{name}}', { name: 'Bo' }, 'Bo Bo'],
    ['No variables', { name: 'Robin' }, 'No variables'],
    ['', {}, ''],
  ])('makes of %j with %j: %j', (template, variables, text) => {
    expect(render(template, variables)).toBe(text);
  });

  it('takes a value as it is, even one that looks like a template or a replacement', () => {
    expect(render('Hi {{name}}', { name: '{{secret}} $& $1', secret: 'no' })).toBe('Hi {{secret}} $& $1');
  });

  it('does not reach what variables inherit', () => {
    expect(render('Hi {{constructor}}!', {})).toBe('Hi !');
  });
});
