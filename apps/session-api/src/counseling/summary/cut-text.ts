// A language is named so that the machine's own does not decide; the rules are the same for all of them.
const WORDS = new Intl.Segmenter('en', { granularity: 'word' });
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** At most `most` UTF-16 units: what is longer ends between two words, else between two characters, with an ellipsis. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  // What follows decides where the last word ends, but not what is a megabyte away.
  const start = text.slice(0, most + 100);
  const end = endWithin(WORDS, start, most - 1) || endWithin(GRAPHEMES, start, most - 1);
  return `${start.slice(0, end).trimEnd()}…`;
}

function endWithin(segmenter: Intl.Segmenter, text: string, most: number): number {
  let end = 0;
  for (const { index, segment } of segmenter.segment(text)) {
    if (index + segment.length > most) break;
    end = index + segment.length;
  }
  return end;
}
