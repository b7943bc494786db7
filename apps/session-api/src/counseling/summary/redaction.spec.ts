import { redact } from './redaction';

const MEGABYTE = 1024 * 1024;

describe('redact', () => {
  it.each([
    ['write to anna.b+c@example.org.', 'write to [e-mail].'],
    ['ANNA@EXAMPLE.ORG', '[e-mail]'],
    ['anna＠example．org', '[e-mail]'],
    ['jörg@büro.de', '[e-mail]'],
    ['name (at) example (dot) org', '[e-mail]'],
    ['name [at] example.org. Then we talk', '[e-mail]. Then we talk'],
    ['name{at}example{dot}org', '[e-mail]'],
    ['name (at) beispiel (punkt) de', '[e-mail]'],
    ['anna at gmail dot com', '[e-mail]'],
  ])('leaves the e-mail address out of %j', (text, expected) => expect(redact(text)).toBe(expected));

  it.each([
    ['call +49 170 1234567 now', 'call [phone number] now'],
    ['(030) 123-456', '[phone number]'],
    ['0170/1234567', '[phone number]'],
    ['555-123-4567', '[phone number]'],
    ['555.123.4567', '[phone number]'],
    ['555-1234', '[phone number]'],
    ['+1 (555) 123‑4567', '[phone number]'],
    ['+49 (0) 170 / 12 34 567', '[phone number]'],
    ['06 12 34 56 78', '[phone number]'],
    ['06.12.34.56.78', '[phone number]'],
    ['612 345 678', '[phone number]'],
    ['00491701234567', '[phone number]'],
    ['+49-2024-1234567', '[phone number]'],
    ['0170\u2013123\u2212456\u00a07', '[phone number]'],
    ['01\u200b70 12\u200b34567', '[phone number]'],
    ['０１７０－１２３４５６７', '[phone number]'],
    ['＋４９ １７０ １２３４５６７', '[phone number]'],
    ['اتصل ٠١٧٠ ١٢٣٤٥٦٧', 'اتصل [phone number]'],
    ['०१७० १२३४५६७', '[phone number]'],
    ['tel0170 1234567', 'tel[phone number]'],
  ])('leaves the phone number out of %j', (text, expected) => expect(redact(text)).toBe(expected));

  it.each([
    ['see https://example.org/a?b=c.', 'see [link].'],
    ['(http://example.org/a)', '([link])'],
    ['HTTPS://EXAMPLE.ORG', '[link]'],
    ['www.example.org, please', '[link], please'],
    ['look at example.org/path', 'look at [link]'],
    ['example.org', '[link]'],
    ['...example.org', '...[link]'],
    ['my_name.example.com?x=1', 'my_[link]'],
    ['t.me/foo', '[link]'],
    ['bit.ly/3xYz', '[link]'],
    ['host.example:8080/x', '[link]'],
    ['mailto:anna@example.org', '[link]'],
    ['tel:+491701234567', '[link]'],
    ['看https://example.org/a。然后', '看[link]。然后'],
  ])('leaves the link out of %j', (text, expected) => expect(redact(text)).toBe(expected));

  it.each([
    'It was in 2024.',
    'from 2019-2024, or 2021/2022',
    'at 10:30, or 10:30-11:45, or 08.30-10.00 Uhr',
    'in 3 weeks',
    '1000 times',
    '12.5',
    'pi is 3.14159265',
    'on 12.03.2024 at 10:30',
    'am 03.04. 15:30 Uhr',
    '2024-03-12 10:30',
    '12/03/2024 - 15/03/2024',
    '1.000.000 or 10 000 000 or 1,000,000',
    '24/7, 3.5/5, 50-60 %, § 218, 10-12',
    'call 110 or 116 111',
    'e.g. this, z.B. das, i.e. that',
    'so sad.It hurts',
    'yes and/or no',
    'look at a dot there',
    '¿Qué? 你好。كيف حالك؟ 👩‍👩‍👧',
    '',
  ])('keeps %j as it is', (text) => expect(redact(text)).toBe(text));

  it('leaves out each of several, and nothing between them', () => {
    expect(redact('a@example.org or 0170 1234567, else t.me/anna; at 10:30?')).toBe(
      '[e-mail] or [phone number], else [link]; at 10:30?',
    );
  });

  it.each([
    'a',
    'a.',
    'a@',
    'a.@',
    'a-',
    '@',
    ' ',
    '.',
    '1',
    '1 ',
    '1     ',
    '1.',
    '+',
    '(1)',
    '12.03.2024 ',
    '2024-',
    '1\u200b',
    '٠',
    'http://',
    'http://.',
    'www.',
    'a [at',
    'a   [  at  ',
    'a at b dot ',
    'a.a/',
    'mailto:',
  ])('takes time in proportion for a megabyte of %j', (unit) => {
    const hostile = unit.repeat(Math.ceil(MEGABYTE / unit.length));
    const started = process.cpuUsage();
    redact(hostile);
    const { user, system } = process.cpuUsage(started);
    // At most 0.3 s here. Where the time grows with the square of the length, it is many minutes.
    expect((user + system) / 1e6).toBeLessThan(5);
  });
});
