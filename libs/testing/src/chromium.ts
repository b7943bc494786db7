import { spawnSync } from 'node:child_process';

/** The first of these programs on the PATH. */
export function programOf(...names: string[]): string | undefined {
  for (const name of names) {
    const { status, stdout } = spawnSync('which', [name], { encoding: 'utf8' });
    if (status === 0) return stdout.trim();
  }
  return undefined;
}

/** Where Chromium is, if it is here: specs of browsers are skipped where it is not. */
export const CHROMIUM = programOf('chromium', 'chromium-browser', 'google-chrome');

/** It stays on this machine, and its microphone hums. */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--allow-loopback-in-peer-connection',
];
