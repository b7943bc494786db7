import { Alert, AppShell, Burger, Button, Center, Group, Loader, NavLink, Stack, Text } from '@mantine/core';
import { useDisclosure, useElementSize } from '@mantine/hooks';
import { lazy, Suspense, useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Redirect, Route, Router, Switch, useLocation } from 'wouter';
import { memoryLocation } from 'wouter/memory-location';
import type { ConsoleConfig } from '../config';
import { LeaveButton } from '../leave/leave-button';
import { leaveQuickly } from '../leave/leave-quickly';
import { useClient, useStore } from '../live/live';
import { isSeeker, type Room, roomsOf } from '../rooms/rooms';
import type { SignIn } from '../session/sign-in';
import { Announcements } from './announcements';
import { ConnectionNote } from './connection-note';
import { LookMenu } from './look-menu';
import { RoomBoundary } from './room-boundary';

const CallPanel = lazy(() => import('../calls/call-panel').then((file) => ({ default: file.CallPanel })));

const HEADER = 56;

interface ShellProps {
  config: ConsoleConfig;
  signIn: SignIn;
  signOut: () => void;
}

/** Everything around the rooms of the person who is signed in. */
export default function Shell({ config, signIn, signOut }: ShellProps) {
  const { t } = useTranslation();
  const client = useClient();
  const me = useStore(client.me);
  const { status, code } = useStore(client.connection);
  // In memory: where somebody was must not be found in the browser's history, nor by its Back button.
  const [{ hook }] = useState(() => memoryLocation({ path: '/' }));
  const leave = useCallback(
    () => leaveQuickly(client, signIn, config.leaveUrl),
    [client, signIn, config.leaveUrl],
  );
  // Others may use this device, too: what was not sent is not left to them.
  const forgetAndSignOut = useCallback(() => {
    client.forget().catch(() => undefined);
    signOut();
  }, [client, signOut]);
  if (me === null || status === 'refused') {
    return (
      <Center mih="60vh">
        {status === 'refused' ? (
          <Stack align="center">
            <Alert color="red" role="alert">
              {t(code === 'email_taken' ? 'refused.email' : 'refused.token')}
            </Alert>
            <Button onClick={signOut}>{t('signIn.again')}</Button>
            {me && isSeeker(me.roles) && <LeaveButton leave={leave} />}
          </Stack>
        ) : (
          <Loader aria-label={t('loading')} />
        )}
      </Center>
    );
  }
  return (
    <Router hook={hook}>
      <Frame leave={leave} signOut={forgetAndSignOut} name={me.name ?? me.email ?? me.sub} roles={me.roles} />
    </Router>
  );
}

interface FrameProps {
  leave: () => void;
  signOut: () => void;
  name: string;
  roles: readonly string[];
}

function Frame({ leave, signOut, name, roles }: FrameProps) {
  const { t } = useTranslation();
  const [location] = useLocation();
  const [, here] = location.split('/');
  const rooms = roomsOf(roles);
  const [first] = rooms;
  const [open, { toggle, close }] = useDisclosure();
  // Part of the header, so that what fills the window below it stays within the window.
  const { ref: note, height: noteHeight } = useElementSize<HTMLDivElement>();
  const talks = isSeeker(roles) || roles.includes('volunteer');
  return (
    <AppShell
      header={{ height: HEADER + noteHeight }}
      navbar={{ width: 240, breakpoint: 'sm', collapsed: { mobile: !open } }}
      padding={{ base: 'xs', sm: 'md' }}
    >
      <AppShell.Header>
        <Group h={HEADER} px="sm" justify="space-between" wrap="nowrap" gap="xs">
          <Group gap="xs" wrap="nowrap" miw={0}>
            <Burger
              opened={open}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={t('navigation')}
              aria-expanded={open}
            />
            <Text fw={600} truncate>
              {name}
            </Text>
          </Group>
          <Group gap="xs" wrap="nowrap">
            {isSeeker(roles) && <LeaveButton leave={leave} />}
            <LookMenu signOut={signOut} />
          </Group>
        </Group>
        <div ref={note}>
          <ConnectionNote />
        </div>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t('navigation')}>
        {rooms.map((room) => (
          <RoomLink key={room.id} room={room} chosen={close} />
        ))}
      </AppShell.Navbar>
      <AppShell.Main>
        <Announcements />
        {talks && (
          <Suspense fallback={null}>
            <CallPanel />
          </Suspense>
        )}
        <Suspense
          fallback={
            <Center mih="40vh">
              <Loader aria-label={t('loading')} />
            </Center>
          }
        >
          <RoomBoundary key={here}>
            <Switch>
              {rooms.map(({ id, component }) => (
                <Route key={id} path={`/${id}/*?`} component={component} />
              ))}
              {first && <Redirect to={`/${first.id}`} replace />}
            </Switch>
          </RoomBoundary>
        </Suspense>
      </AppShell.Main>
    </AppShell>
  );
}

function RoomLink({ room: { id, icon: Icon }, chosen }: { room: Room; chosen: () => void }) {
  const { t } = useTranslation();
  const [location, go] = useLocation();
  const here = location === `/${id}` || location.startsWith(`/${id}/`);
  return (
    <NavLink
      component="button"
      label={t(`room.${id}`)}
      active={here}
      aria-current={here ? 'page' : undefined}
      leftSection={<Icon size={20} aria-hidden />}
      onClick={() => {
        go(`/${id}`, { replace: true });
        chosen();
      }}
    />
  );
}
