import { setImmediate as nextTurn } from 'node:timers/promises';
import { cutText } from './cut-text';
import { type Sentence, sentencesOf } from './sentences';
import { speakerOf, type SummaryConversation } from './summary-conversation';
import { likeness, textRank, type Vector, vectorOf, wordWeights } from './text-rank';

/** Eight sentences, their speakers and the topic: less than 2,000 characters in all. */
const MOST_SENTENCES = 8;
const TOPIC_CHARACTERS = 200;
/** Ranking compares each sentence with each other one: more are ranked in blocks, the best of which meet again. */
const BLOCK = 64;
/** What is more alike says the same again. */
const TOO_ALIKE = 0.6;

interface Candidate {
  sentence: Sentence;
  vector: Vector;
}

/**
 * The sentences that say most of what was said, in its order and each with its speaker, below the topic. Nothing
 * leaves this process, the same conversation has always the same summary, and other work has its turn meanwhile.
 */
export async function extractiveSummary(
  { topic, messages }: SummaryConversation,
  sentences = MOST_SENTENCES,
): Promise<string> {
  const said = firsts(await sentencesOf(messages));
  const weightOf = wordWeights(said.map(({ words }) => words));
  let candidates = said.map((sentence) => ({ sentence, vector: vectorOf(sentence.words, weightOf) }));
  while (candidates.length > Math.max(BLOCK, sentences)) candidates = await bestOfBlocks(candidates);
  const chosen = best(candidates, sentences).map(({ sentence }) => sentence);
  const about = (topic ?? '').replace(/\s+/gu, ' ').trim();
  return [...(about ? [`Topic: ${cutText(about, TOPIC_CHARACTERS)}`] : []), ...linesOf(chosen)].join('\n');
}

/** Without those that only repeat an earlier one. */
function firsts(sentences: Sentence[]): Sentence[] {
  const byWords = new Map<string, Sentence>();
  for (const sentence of sentences) {
    const key = [...sentence.words].sort().join(' ');
    if (!byWords.has(key)) byWords.set(key, sentence);
  }
  return [...byWords.values()];
}

async function bestOfBlocks(candidates: Candidate[]): Promise<Candidate[]> {
  const chosen: Candidate[] = [];
  for (let start = 0; start < candidates.length; start += BLOCK) {
    await nextTurn();
    chosen.push(...best(candidates.slice(start, start + BLOCK), BLOCK / 4));
  }
  return chosen;
}

/** Those that matter most and are not alike, in their order. */
function best(candidates: Candidate[], most: number): Candidate[] {
  const scores = textRank(candidates.map(({ vector }) => vector));
  const ranked = [...candidates.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  const chosen = new Set<Candidate>();
  for (const index of ranked) {
    const candidate = candidates[index];
    if (chosen.size === most || !candidate) break;
    const again = [...chosen].some(({ vector }) => likeness(vector, candidate.vector) > TOO_ALIKE);
    if (!again) chosen.add(candidate);
  }
  return candidates.filter((candidate) => chosen.has(candidate));
}

function linesOf(sentences: Sentence[]): string[] {
  const lines: string[] = [];
  sentences.forEach((sentence, index) => {
    const before = sentences[index - 1];
    if (before?.role !== sentence.role) lines.push(`${speakerOf(sentence)}: ${sentence.text}`);
    // Many people end no message with a full stop.
    else lines.push(`${lines.pop()}${/\p{P}$/u.test(before.text) ? '' : ' /'} ${sentence.text}`);
  });
  return lines;
}
