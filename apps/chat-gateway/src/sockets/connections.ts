import type { Person } from '@kindline/auth';
import { type ChatPermission, HELPER_ROLES, KindlineError, type Role } from '@kindline/contracts';
import type { Socket } from 'socket.io';
import type { Turns } from './turns';

/** A socket, and who it has shown itself to be: nobody yet, a person, a backend, or both. */
export interface ClientSocket {
  readonly id: string;
  readonly socket: Socket;
  person?: Person;
  /** When the person's token expires, in seconds since 1970. */
  expiresAt?: number;
  /** The fingerprint of a backend's service token. */
  backend?: string;
  /** In an anonymous session: its name there, and what its chat token allows. */
  readonly anonymousId?: string;
  readonly permissions?: readonly ChatPermission[];
  /** The order of its events, from the first one on. */
  turns?: Turns;
  /** We are about to hang up: what else it says is refused. */
  dismissed?: boolean;
}

/** A socket of a known person. */
export interface PersonSocket extends ClientSocket {
  person: Person;
  expiresAt: number;
}

/** A socket of a backend. */
export interface BackendSocket extends ClientSocket {
  backend: string;
}

export function isPersons(client: ClientSocket): client is PersonSocket {
  return client.person !== undefined && client.expiresAt !== undefined;
}

/**
 * To be asked after every wait and before anything is kept of a socket: one that has left does not leave again.
 * @throws conflict when it is gone meanwhile
 */
export function requireOpen({ socket }: ClientSocket): void {
  if (socket.disconnected) throw new KindlineError('conflict', 'The socket has closed');
}

/** To so many sockets a packet is encoded once, for all of them. */
const BROADCAST_FROM = 10;

/** The sockets of this gateway, by person. */
export class Connections {
  private readonly byPerson = new Map<string, PersonSocket[]>();
  private readonly bySocket = new Map<string, PersonSocket>();
  private readonly backends = new Set<string>();
  private readonly byRole = new Map<Role, Set<string>>(HELPER_ROLES.map((role) => [role, new Set()]));
  /** Those of the helping roles, by role: people with a socket here whose token has it. */
  readonly helpers: ReadonlyMap<Role, ReadonlySet<string>> = this.byRole;

  /** @returns true when it is the person's first one here. */
  add(socket: PersonSocket): boolean {
    this.bySocket.set(socket.id, socket);
    const sockets = this.byPerson.get(socket.person.id);
    if (sockets) sockets.push(socket);
    else this.byPerson.set(socket.person.id, [socket]);
    this.indexRoles(socket.person.id);
    return !sockets;
  }

  /** @returns true when it was the person's last one here. */
  remove(socket: PersonSocket): boolean {
    this.bySocket.delete(socket.id);
    const sockets = this.byPerson.get(socket.person.id);
    if (!sockets) return false;
    const rest = sockets.filter(({ id }) => id !== socket.id);
    if (rest.length > 0) this.byPerson.set(socket.person.id, rest);
    else this.byPerson.delete(socket.person.id);
    this.indexRoles(socket.person.id);
    return rest.length === 0;
  }

  /** To be told when a socket of theirs has shown another token. */
  indexRoles(personId: string): void {
    const sockets = this.socketsOf(personId);
    for (const [role, helpers] of this.byRole) {
      if (sockets.some(({ person }) => person.roles.includes(role))) helpers.add(personId);
      else helpers.delete(personId);
    }
  }

  /** @returns true when it is the first backend's here. */
  addBackend({ id }: BackendSocket): boolean {
    this.backends.add(id);
    return this.backends.size === 1;
  }

  /** @returns true when it was the last backend's here. */
  removeBackend({ id }: ClientSocket): boolean {
    return this.backends.delete(id) && this.backends.size === 0;
  }

  get hasBackends(): boolean {
    return this.backends.size > 0;
  }

  has(personId: string): boolean {
    return this.byPerson.has(personId);
  }

  socketsOf(personId: string): readonly PersonSocket[] {
    return this.byPerson.get(personId) ?? [];
  }

  all(): Iterable<PersonSocket> {
    return this.bySocket.values();
  }

  personIds(): Iterable<string> {
    return this.byPerson.keys();
  }

  get personCount(): number {
    return this.byPerson.size;
  }

  /** Emits to every socket these people have here. Names and payloads are tied by the dialect's event map. */
  emit<Events extends EventMap<Events>, Name extends keyof Events & string>(
    personIds: Iterable<string>,
    event: Name,
    ...payload: Parameters<Events[Name]>
  ): void {
    emitToAll(
      [...personIds].flatMap((personId) => this.socketsOf(personId)),
      event,
      payload,
    );
  }

  /** The same to those of their sockets only whose token has the role. */
  emitInRole<Events extends EventMap<Events>, Name extends keyof Events & string>(
    role: Role,
    personIds: Iterable<string>,
    event: Name,
    ...payload: Parameters<Events[Name]>
  ): void {
    emitToAll(
      [...personIds]
        .flatMap((personId) => this.socketsOf(personId))
        .filter(({ person }) => person.roles.includes(role)),
      event,
      payload,
    );
  }

  /** The same to all of them but one: the socket that it comes from. */
  emitToOthers<Events extends EventMap<Events>, Name extends keyof Events & string>(
    originId: string,
    personIds: Iterable<string>,
    event: Name,
    ...payload: Parameters<Events[Name]>
  ): void {
    for (const personId of personIds) {
      for (const { id, socket } of this.socketsOf(personId)) {
        if (id !== originId) socket.emit(event, ...payload);
      }
    }
  }
}

function emitToAll(sockets: PersonSocket[], event: string, payload: unknown[]): void {
  const [first] = sockets;
  if (first && sockets.length >= BROADCAST_FROM) {
    // Every socket is alone in the room of its id. It goes the way of the others' packets, so the order stays.
    first.socket.nsp.to(sockets.map(({ id }) => id)).emit(event, ...payload);
  } else for (const { socket } of sockets) socket.emit(event, ...payload);
}

type EventMap<Events> = { [Name in keyof Events]: (...payload: never[]) => void };
