import { Center, Loader, MantineProvider } from '@mantine/core';
import { Notifications, notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConsoleConfig } from './config';
import classes from './app.module.css';
import { LiveProvider } from './live/live';
import { SignInPage } from './session/sign-in-page';
import type { SignIn } from './session/sign-in';
import { legible, theme } from './theme';

const loadShell = () => import('./shell/shell');
const Shell = lazy(loadShell);
/** Beside what else has to be asked first, rather than after it. */
export const preload = (): void => void loadShell().catch(() => undefined);

export function App({ config, signIn }: { config: ConsoleConfig; signIn: SignIn }) {
  const [signedIn, setSignedIn] = useState(signIn.signedIn());
  // Nothing that somebody has seen may outlive them.
  const [queries, setQueries] = useState(newQueries);
  const leave = useCallback(() => {
    notifications.clean();
    setQueries(newQueries());
    setSignedIn(false);
    void signIn.end();
  }, [signIn]);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={legible} defaultColorScheme="auto">
      <Notifications className={classes.news} position="top-right" containerWidth={360} />
      <QueryClientProvider client={queries}>
        <Suspense fallback={<Waiting />}>
          {signedIn ? (
            <LiveProvider config={config} signIn={signIn}>
              <Shell config={config} signIn={signIn} signOut={leave} />
            </LiveProvider>
          ) : (
            <SignInPage signIn={signIn} done={() => setSignedIn(true)} />
          )}
        </Suspense>
      </QueryClientProvider>
    </MantineProvider>
  );
}

const newQueries = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      // Also without a network: an error is said at once, and what the client keeps is kept.
      queries: { retry: 1, staleTime: 5_000, networkMode: 'always' },
      mutations: { networkMode: 'always' },
    },
  });

function Waiting() {
  const { t } = useTranslation();
  return (
    <Center mih="40vh">
      <Loader aria-label={t('loading')} />
    </Center>
  );
}
