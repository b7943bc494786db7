/** Digits of any script with what people put between them, on one line; what a number is, is decided afterwards. */
const BETWEEN = '[\\p{Zs}\\p{Cf}\\p{Pd}\\t().\\/_·•−（）．／]';
const RUN = new RegExp(`[+＋(（]{0,2}\\p{Nd}(?:${BETWEEN}{0,4}\\p{Nd})*`, 'gu');

const DAY = '(?:0?[1-9]|[12]\\d|3[01])';
const YEAR = '(?:19|20)\\d\\d';
/** 12.03.2024, 3/12/24, 2024-03-12, 12.03. */
const DATE = new RegExp(
  `(?<![\\d./-])(?:${DAY}([./-]) ?${DAY}\\1 ?(?:${YEAR}|\\d\\d)|${YEAR}([./-])\\d\\d?\\2\\d\\d?|${DAY}\\. ?${DAY}\\.(?= |$))(?![./-]?\\d)`,
  'g',
);
/** What is long and no phone number: years, 08.30-10.00, 1.000.000, 3.14159265. */
const ORDINARY = [
  new RegExp(`^\\D*${YEAR}(?:\\D+${YEAR})*\\D*$`),
  /^\(?[012]?\d\.[0-5]\d ?- ?[012]?\d\.[0-5]\d\)?$/,
  /^[1-9]\d{0,2}(?:[. ]000)+$|^[1-9]\.\d{3}\.\d{3}$/,
  /^\d\.\d+$/,
];

/** The text with [phone number] for each. Years, dates, amounts and other short numbers stay. */
export function withoutPhoneNumbers(text: string): string {
  return text.replace(RUN, (run) => (isPhoneNumber(plain(run)) ? '[phone number]' : run));
}

function isPhoneNumber(run: string): boolean {
  if (/^\(?(?:\+|00)/.test(run)) return count(run) >= 7;
  const rest = run.replace(DATE, ' ').trim();
  if (ORDINARY.some((form) => form.test(rest))) return false;
  return count(rest) >= (/^\(?0|^\(/.test(rest) ? 6 : 7);
}

const count = (run: string): number => run.replace(/\D/g, '').length;

/** In ASCII, so that it is judged by its value in whatever script it was written. */
function plain(run: string): string {
  return run
    .replace(/\p{Nd}/gu, valueOf)
    .replace(/[\p{Pd}−]/gu, '-')
    .replace(/\p{Cf}/gu, '')
    .replace(/\p{Zs}/gu, ' ')
    .normalize('NFKC');
}

/** Unicode keeps the ten digits of a script side by side, from its zero on. */
function valueOf(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  let zero = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return String((code - zero) % 10);
}
