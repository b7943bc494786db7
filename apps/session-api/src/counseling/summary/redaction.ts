import { withoutPhoneNumbers } from './phone-numbers';

// Every pattern either begins where nothing of its own kind stands before it, or has bounded parts: the time it
// takes grows with the text's length and no faster, whatever the text is.
const LABEL = '[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]{0,61}[\\p{L}\\p{N}])?';
const DOT = '[.．]';
/** Up to a space, a quote or the punctuation of scripts without spaces; a sentence's own marks are not part of it. */
const REST =
  '[^\\s"<>\\u3000-\\u303f\\uff00-\\uff0f]*[^\\s"<>\\u3000-\\u303f\\uff00-\\uff0f.,;:!?\'’)\\]}…»]';
/** Where no path follows, only these are taken for the end of a host: many people write no space after a full stop. */
const TOP_LEVELS =
  'com|org|net|edu|gov|mil|info|biz|int|eu|uk|de|at|ch|li|fr|es|it|pt|nl|be|lu|ie|dk|se|no|fi|is|pl|cz|sk|hu|ro|' +
  'bg|gr|si|hr|rs|ua|ru|tr|il|sa|ae|ir|in|pk|bd|lk|np|cn|tw|hk|jp|kr|th|vn|id|my|sg|ph|au|nz|za|ng|ke|eg|us|ca|' +
  'mx|br|ar|cl|co|pe|io|ai|me|app|dev|tv|gg|ly|to|cc|ws|link|chat|club|shop|store|online|site|website|web|xyz|' +
  'live|life|blog|page|social|art|one|top|fm|im|help|health|care|school|academy|рф|укр';

const unicode = (...parts: string[]): RegExp => new RegExp(parts.join(''), 'giu');

const SCHEME = unicode(
  `(?:\\b(?:https?|ftps?|wss?)://|\\b(?:mailto|tel|sms|xmpp|skype|tg|whatsapp):|\\bwww\\d?\\.)${REST}`,
);

const LOCAL = "(?<![\\p{L}\\p{N}._%+'-])[\\p{L}\\p{N}._%+'-]+";
const bracketed = (words: string): string =>
  `\\s{0,3}[([{<（［]\\s{0,2}(?:${words})\\s{0,2}[)\\]}>）］]\\s{0,3}`;
const AT = `[@＠]|${bracketed('at|ät|@')}`;
const SPELLED_DOT = bracketed('dot|punkt|point|punto|\\.');
const E_MAIL = unicode(LOCAL, `(?:${AT})`, LABEL, `(?:(?:${DOT}|${SPELLED_DOT})${LABEL})*`);
const SPELLED_E_MAIL = unicode(
  LOCAL,
  `\\sat\\s${LABEL}(?:\\s(?:dot|punkt)\\s${LABEL}){0,3}\\s(?:dot|punkt)\\s(?:com|org|net|edu|info|de|uk)\\b`,
);

const HOST = `(?<![\\p{L}\\p{N}])(?<![\\p{L}\\p{N}][.．-])(?:${LABEL}${DOT}){1,126}`;
const WITH_PATH = unicode(HOST, `\\p{L}{2,24}(?::\\d{1,5})?/(?:${REST})?`);
// With the case as it is: "sad.It" is the end of one sentence and the start of the next.
const BARE = new RegExp(
  `${HOST}(?:${TOP_LEVELS}|${TOP_LEVELS.toUpperCase()})(?![\\p{L}\\p{N}-])(?:[?#:](?=\\S)${REST})?`,
  'gu',
);

/** The text with [e-mail], [phone number] and [link] for what would tell how to reach somebody. */
export function redact(text: string): string {
  const withoutAddresses = text
    .replace(SCHEME, '[link]')
    .replace(E_MAIL, '[e-mail]')
    .replace(SPELLED_E_MAIL, '[e-mail]')
    .replace(WITH_PATH, '[link]')
    .replace(BARE, '[link]');
  return withoutPhoneNumbers(withoutAddresses);
}
