import { createClient, type KindlineClient, type Store } from '@kindline/client';
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { ConsoleConfig } from '../config';
import type { SignIn } from '../session/sign-in';

const Live = createContext<KindlineClient | null>(null);

/** One client for the signed-in person, connected for as long as this is on the screen. */
export function LiveProvider({
  config,
  signIn,
  children,
}: {
  config: ConsoleConfig;
  signIn: SignIn;
  children: ReactNode;
}) {
  const [client] = useState(() =>
    createClient({
      gatewayUrl: config.gatewayUrl,
      apiUrl: config.apiUrl,
      token: (why) => signIn.token(why),
    }),
  );
  useEffect(() => {
    client.connect();
    return () => client.close();
  }, [client]);
  return <Live value={client}>{children}</Live>;
}

/** The client: everything live, and `request` for HTTP. */
export function useClient(): KindlineClient {
  const client = useContext(Live);
  if (client === null) throw new Error('useClient is for what stands inside LiveProvider');
  return client;
}

/** The value of a store now, and after every change. */
export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(
    (listener) => store.subscribe(listener),
    () => store.get(),
  );
}

/** Who one is; inside the rooms somebody always is. */
export function useMe() {
  const me = useStore(useClient().me);
  if (me === null) throw new Error('useMe is for rooms');
  return me;
}
