import type { CDPSession, Page } from 'playwright-core';
import { Kindline } from './kindline';
import { People, PHONE } from './people';

jest.setTimeout(300_000);

/** As Lighthouse's mobile profile: 1.6 Mbit/s down, 0.75 up, 150 ms round trip, a processor four times slower. */
const SLOW_4G = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 93_750 };
const SLOWER_PROCESSOR = 4;
const RUNS = 5;

interface Load {
  kilobytes: number;
  firstPaintMs: number;
  usableMs: number;
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

// `npm run measure:console`: it prints and judges nothing.
test('the first load of the seeker page on a slow phone', async () => {
  const kindline = await Kindline.start();
  const people = await People.start(kindline);
  const rows: string[] = [];
  try {
    // Signed in once: on a real phone that is the issuer's page, not ours.
    const signedIn = await people.person('Ada');
    const session = await signedIn.evaluate<string>('sessionStorage.getItem("demo")');
    for (const [what, cached] of [
      ['first visit', false],
      ['next visit', true],
    ] as const) {
      const loads: Load[] = [];
      for (let run = 0; run < RUNS; run++) loads.push(await load(people, kindline, session, cached));
      const of = (pick: (load: Load) => number): number => Math.round(median(loads.map(pick)));
      rows.push(
        `${what}: ${of(({ kilobytes }) => kilobytes)} kB transferred, first paint ${of(({ firstPaintMs }) => firstPaintMs)} ms, ` +
          `usable (connected, the field takes text) ${of(({ usableMs }) => usableMs)} ms`,
      );
    }
  } finally {
    await people.stop();
    await kindline.stop();
  }
  process.stdout.write(`\n${rows.join('\n')}\nmedians of ${RUNS}\n`);
});

async function load(people: People, kindline: Kindline, session: string, cached: boolean): Promise<Load> {
  const page = await people.blank({ viewport: PHONE, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
  await page.addInitScript((value) => sessionStorage.setItem('demo', value), session);
  if (cached) {
    await page.goto(kindline.console);
    await usable(page);
    await page.goto('about:blank');
  }
  const debug = await page.context().newCDPSession(page);
  await throttle(debug);
  let bytes = 0;
  debug.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.goto(kindline.console);
  await usable(page);
  const usableMs = await page.evaluate<number>('performance.now()');
  const firstPaintMs = await page.evaluate<number>(
    'performance.getEntriesByName("first-contentful-paint")[0].startTime',
  );
  await page.context().close();
  return { kilobytes: bytes / 1000, firstPaintMs, usableMs };
}

async function throttle(debug: CDPSession): Promise<void> {
  await debug.send('Network.enable');
  await debug.send('Network.emulateNetworkConditions', SLOW_4G);
  await debug.send('Emulation.setCPUThrottlingRate', { rate: SLOWER_PROCESSOR });
}

/** Somebody is known, and text can be written: what was loaded has run. */
const usable = (page: Page): Promise<void> =>
  page.getByLabel('What is on your mind?').waitFor({ timeout: 60_000 });
