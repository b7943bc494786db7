import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App, preload } from './app';
import { loadConfig } from './config';
import { startI18n } from './i18n/i18n';
import { createSignIn } from './session/sign-in';

async function start(): Promise<void> {
  preload();
  const [config] = await Promise.all([loadConfig(), startI18n()]);
  const signIn = await createSignIn(config);
  const root = document.getElementById('root');
  if (root === null) throw new Error('index.html has no #root');
  createRoot(root).render(
    <StrictMode>
      <App config={config} signIn={signIn} />
    </StrictMode>,
  );
}

start().catch((error: unknown) => {
  // Nothing else is there yet that could show it.
  const sentence = document.createElement('p');
  sentence.setAttribute('role', 'alert');
  sentence.textContent = `This page could not start: ${error instanceof Error ? error.message : String(error)}`;
  document.body.append(sentence);
});
