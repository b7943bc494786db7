import { setImmediate as nextTurn } from 'node:timers/promises';
import { cutText } from './cut-text';
import type { SummaryMessage } from './summary-conversation';

export interface Sentence {
  /** On one line, at most 200 characters. */
  text: string;
  role: SummaryMessage['role'];
  /** Its distinct words, in lower case. */
  words: ReadonlySet<string>;
}

/** Segmenting reads about 2 characters a microsecond: whatever was said, it takes a fraction of a second. */
const MOST_MESSAGES = 10_000;
const MOST_CHARACTERS = 600_000;
const SENTENCE_CHARACTERS = 200;
/** Messages between two turns of the event loop. */
const TURN = 100;

// A language is named so that the machine's own does not decide; ICU's rules know the marks of all scripts.
const SENTENCES = new Intl.Segmenter('en', { granularity: 'sentence' });
const WORDS = new Intl.Segmenter('en', { granularity: 'word' });
/** ICU takes "Dr." for an end. A short sentence such as "Yes." goes well with the next one, too. */
const ABBREVIATION = /(?<!\S)\p{Lu}\p{L}{0,2}\. *$/u;

/** What was said as sentences in their order; none spans two messages. Of what is very long, the start of each message. */
export async function sentencesOf(messages: readonly SummaryMessage[]): Promise<Sentence[]> {
  const newest = messages.slice(-MOST_MESSAGES);
  const share = fairShare(newest);
  const sentences: Sentence[] = [];
  for (const [index, { role, content }] of newest.entries()) {
    if (index % TURN === TURN - 1) await nextTurn();
    for (const whole of split(cutText(content, share))) {
      const text = cutText(whole, SENTENCE_CHARACTERS);
      const words = wordsOf(text);
      if (words.size > 0) sentences.push({ text, role, words });
    }
  }
  return sentences;
}

/** The greatest length up to which every message can be read without reading too much in all. */
function fairShare(messages: readonly SummaryMessage[]): number {
  const lengths = messages.map(({ content }) => content.length).sort((a, b) => a - b);
  let left = MOST_CHARACTERS;
  for (const [index, length] of lengths.entries()) {
    const share = Math.floor(left / (lengths.length - index));
    if (length > share) return share;
    left -= length;
  }
  return MOST_CHARACTERS;
}

function split(content: string): string[] {
  const sentences: string[] = [];
  let open = '';
  for (const { segment } of SENTENCES.segment(content)) {
    open += segment;
    if (open.length < SENTENCE_CHARACTERS && ABBREVIATION.test(segment)) continue;
    sentences.push(open);
    open = '';
  }
  sentences.push(open);
  return sentences.map((text) => text.replace(/\s+/gu, ' ').trim()).filter(Boolean);
}

function wordsOf(sentence: string): Set<string> {
  const words = new Set<string>();
  for (const { segment, isWordLike } of WORDS.segment(sentence)) {
    if (isWordLike) words.add(segment.normalize('NFKC').toLowerCase());
  }
  return words;
}
