/** How much a word tells: the fewer sentences have it, the more. This needs no list of any language's stop words. */
export function wordWeights(sentences: readonly ReadonlySet<string>[]): (word: string) => number {
  const counts = new Map<string, number>();
  for (const words of sentences) {
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return (word) => Math.log(1 + sentences.length / (counts.get(word) ?? 1));
}

/** A sentence as a vector: its words with their weights. */
export interface Vector {
  weights: ReadonlyMap<string, number>;
  length: number;
}

export function vectorOf(words: ReadonlySet<string>, weightOf: (word: string) => number): Vector {
  const weights = new Map([...words].map((word) => [word, weightOf(word)]));
  let squares = 0;
  for (const weight of weights.values()) squares += weight * weight;
  return { weights, length: Math.sqrt(squares) };
}

/** How alike two sentences are: 0 for no word in common, 1 for the same words. */
export const likeness = (a: Vector, b: Vector): number => inCommon(a, b) / (a.length * b.length || 1);

/** How much two sentences support each other. Not their likeness: it is greatest for two short ones such as thanks. */
const support = (a: Vector, b: Vector): number => inCommon(a, b) / (a.length + b.length || 1);

function inCommon(a: Vector, b: Vector): number {
  const [few, many] = a.weights.size <= b.weights.size ? [a, b] : [b, a];
  let product = 0;
  for (const [word, weight] of few.weights) if (many.weights.has(word)) product += weight * weight;
  return product;
}

const DAMPING = 0.85;
const ROUNDS = 30;

/**
 * TextRank (Mihalcea and Tarau, 2004): a sentence matters when it is like others that matter. The walk starts
 * anew rather at sentences that tell much: in a chat many have no word in common with any other.
 * @returns a score for each, in their order
 */
export function textRank(vectors: readonly Vector[]): number[] {
  const total = vectors.reduce((sum, { length }) => sum + length, 0);
  const starts = vectors.map(({ length }) => length / total);
  const links = vectors.map((from) => vectors.map((to) => (to === from ? 0 : support(from, to))));
  const sums = links.map((row) => row.reduce((sum, link) => sum + link, 0));
  let scores = starts;
  for (let round = 0; round < ROUNDS; round++) {
    // What a sentence without any link holds goes back to the starts.
    const idle = scores.reduce((sum, score, from) => (sums[from] === 0 ? sum + score : sum), 0);
    const next = starts.map((start) => start * (1 - DAMPING + DAMPING * idle));
    links.forEach((row, from) => {
      const sum = sums[from] ?? 0;
      if (sum === 0) return;
      const share = (DAMPING * (scores[from] ?? 0)) / sum;
      row.forEach((link, to) => {
        if (link > 0) next[to] = (next[to] ?? 0) + share * link;
      });
    });
    scores = next;
  }
  return scores;
}
