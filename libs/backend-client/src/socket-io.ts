import { KindlineBackendError } from './kindline-backend-error';

type Answered = (missing: Error | null, answer?: unknown) => void;

/** What we use of a socket of socket.io-client, which is an optional peer: its types must not be needed either. */
export interface GatewaySocket {
  readonly active: boolean;
  on(event: string, listener: (payload?: unknown) => void): unknown;
  timeout(ms: number): { emit(event: string, payload: unknown, answered: Answered): unknown };
  connect(): unknown;
  disconnect(): unknown;
}

/** Makes a socket that is not connected yet. */
export type Connect = (url: string) => GatewaySocket;
export type LoadSocketIo = () => Promise<Connect>;

/** Loaded when somebody wants sockets, so that nobody else needs the package. */
export const loadSocketIo: LoadSocketIo = async () => {
  const { io } = await import('socket.io-client').catch((cause: unknown) => {
    const message = 'connect() needs the package socket.io-client: npm install socket.io-client';
    throw new KindlineBackendError('socket_io_missing', message, { cause });
  });
  return (url) =>
    io(url, { transports: ['websocket'], forceNew: true, autoConnect: false, reconnectionDelayMax: 10_000 });
};
