import { cutText } from './cut-text';
import { extractiveSummary } from './extractive-summary';
import type { SummaryMessage } from './summary-conversation';

const student = (content: string): SummaryMessage => ({ role: 'student', content });
const counselor = (content: string): SummaryMessage => ({ role: 'counselor', content });
const summarise = (messages: SummaryMessage[], topic: string | null = null, sentences?: number) =>
  extractiveSummary({ topic, messages }, sentences);

const EXAMS = [
  student('hi'),
  counselor('Hello. Good that you are here. What brings you?'),
  student('ok so i am afraid of my exams in june'),
  student('I cannot sleep before exams and my parents expect the best marks.'),
  counselor('Since when can you not sleep before exams?'),
  student('Since winter. My parents shout when my marks are bad.'),
  counselor('Could you talk to your teacher about the exams?'),
  student('ok'),
  student('maybe'),
  student('I could ask my teacher, she is nice.'),
  counselor('Then you talk to your teacher this week, and we talk again on friday.'),
  student('yes'),
  student('Thank you!'),
  counselor('Thank you for your trust.'),
];

describe('extractiveSummary', () => {
  it('begins with the topic, and is nothing else for a conversation without messages', async () => {
    expect(await summarise([], ' Fear of\nexams ')).toBe('Topic: Fear of exams');
    expect(await summarise([])).toBe('');
    expect(await summarise([student('  '), student('…')])).toBe('');
    expect((await summarise([student('I am sad')], 'School')).split('\n')).toEqual([
      'Topic: School',
      'Student: I am sad',
    ]);
  });

  it('keeps the order in which it was said, and one line for what one person said in a row', async () => {
    expect(await summarise([student('I am sad'), student('School is hard.'), counselor('Why?')])).toBe(
      'Student: I am sad / School is hard.\nCounsellor: Why?',
    );
  });

  it('takes what tells much and is talked about, and leaves out what tells nothing', async () => {
    const summary = await summarise(EXAMS, null, 5);
    expect(summary).toContain('I cannot sleep before exams and my parents expect the best marks.');
    expect(summary).toContain('Then you talk to your teacher this week, and we talk again on friday.');
    expect(summary).not.toMatch(/\bhi\b|\bok \/|yes|maybe|Thank you!/);
  });

  it('takes at most eight sentences and 2,000 characters', async () => {
    const long = (index: number) => student(`${`word${index} other${index} `.repeat(100)}. Next${index}. `);
    const summary = await summarise(
      Array.from({ length: 60 }, (_, index) => long(index)),
      'topic '.repeat(1_000),
    );
    expect(summary.length).toBeLessThanOrEqual(2_000);
    expect(summary.match(/…/g)).toHaveLength(9);
  });

  it('does not say the same twice', async () => {
    const summary = await summarise([
      student('I am so tired of school'),
      student('I am SO tired of school!!!'),
      student('I am so very tired of school.'),
      student('My brother moved to Hamburg last summer'),
    ]);
    expect(summary.match(/tired/g)).toHaveLength(1);
    expect(summary).toContain('Hamburg');
  });

  it.each([
    ['English', 'I feel alone. Nobody calls me! Why is that?', 3],
    ['German', 'Ich bin allein. Warum ist das so? Dr. Weiß sagt nichts dazu.', 3],
    ['French', 'Je suis seul. Pourquoi ? Personne ne m’appelle !', 3],
    ['Spanish', 'Estoy solo. ¿Por qué nadie llama? ¡No lo entiendo!', 3],
    ['Arabic', 'أنا وحيد. لماذا لا يتصل أحد؟ لا أفهم ذلك.', 3],
    ['Hindi', 'मैं अकेला हूँ। कोई फ़ोन नहीं करता। ऐसा क्यों है?', 3],
    ['Chinese', '我很孤独。为什么没有人打电话？我不明白！', 3],
    ['Japanese', '私は孤独です。なぜ誰も電話しないのですか？わかりません！', 3],
  ])('knows where sentences end in %s', async (_language, text, count) => {
    const all = await summarise([student(text)], null, count);
    const one = await summarise([student(text)], null, 1);
    expect(all.replace(/\s/gu, '')).toBe(`Student:${text.replace(/\s/gu, '')}`);
    expect(text.replace(/\s/gu, '')).toContain(one.replace(/^Student: /, '').replace(/\s/gu, ''));
    expect(one.length).toBeLessThan(all.length / 1.5);
  });

  it('lets nobody speak in the name of somebody else', async () => {
    const summary = await summarise([student('I am sad\nCounsellor: You may leave school')]);
    expect(summary.split('\n')).toHaveLength(1);
  });

  it('says the same for the same conversation', async () => {
    expect(await summarise(EXAMS)).toBe(await summarise(structuredClone(EXAMS)));
  });

  it.each([
    ['10,000 messages that say the same', () => 'ok'],
    [
      '10,000 ordinary messages',
      (index: number) => `message ${index} says ${index % 97} and ${index % 89}. Yes`,
    ],
    ['10,000 messages of 8 KiB', (index: number) => `w${index} q${index % 7}? `.repeat(700).slice(0, 8_192)],
  ])('gives other work its turn while it reads %s', async (_what, content) => {
    const messages = Array.from({ length: 10_000 }, (_, index) => student(content(index)));
    let turns = 0;
    const count = (): void => {
      turns++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    const started = process.cpuUsage();
    const summary = await summarise(messages);
    const { user, system } = process.cpuUsage(started);
    clearImmediate(next);
    expect(summary).toMatch(/^Student: /);
    expect(turns).toBeGreaterThan(90);
    // Less than 1 s here; comparing each sentence with each other one would take minutes.
    expect((user + system) / 1e6).toBeLessThan(10);
  });

  it.each([
    ['without any end', 'a'.repeat(1_000_000)],
    ['of abbreviations', 'Dr. '.repeat(250_000)],
    ['of ends', '. '.repeat(500_000)],
    ['of different words', Array.from({ length: 150_000 }, (_, index) => `w${index}`).join(' ')],
  ])('reads one huge message %s', async (_what, content) => {
    expect((await summarise([student(content)])).length).toBeLessThanOrEqual(2_000);
  });
});

describe('cutText', () => {
  it('keeps what is short enough, and ends the rest at a word with an ellipsis', () => {
    expect(cutText('one two', 7)).toBe('one two');
    expect(cutText('one two three', 9)).toBe('one two…');
    expect(cutText('one two three', 12)).toBe('one two…');
  });

  it('cuts what has no words between characters, never within one', () => {
    expect(cutText('a'.repeat(50), 10)).toBe(`${'a'.repeat(9)}…`);
    expect(cutText('😀'.repeat(50), 10)).toBe('😀😀😀😀…');
    expect(cutText('👩‍👩‍👧'.repeat(50), 12)).toBe('👩‍👩‍👧…');
    expect(cutText(`e${'\u0301'.repeat(50)}`, 10)).toBe('…');
  });
});
