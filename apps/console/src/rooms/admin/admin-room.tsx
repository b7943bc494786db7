import { Center, Loader, ScrollArea, Tabs, Title, VisuallyHidden } from '@mantine/core';
import {
  IconActivity,
  IconHeartHandshake,
  IconListCheck,
  IconSpeakerphone,
  IconTemplate,
  IconUsers,
  type TablerIcon,
} from '@tabler/icons-react';
import { type ComponentType, lazy, type LazyExoticComponent, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { useMe } from '../../live/live';

interface Part {
  id: string;
  icon: TablerIcon;
  /** Whether supervisors have it as well. */
  supervising?: true;
  component: LazyExoticComponent<ComponentType>;
}

/** Each comes with its own code: whoever never opens the live numbers never downloads the charts. */
const PARTS: readonly Part[] = [
  { id: 'live', icon: IconActivity, supervising: true, component: lazy(() => import('./live/live-part')) },
  {
    id: 'volunteers',
    icon: IconHeartHandshake,
    supervising: true,
    component: lazy(() => import('./volunteers/volunteers-part')),
  },
  { id: 'people', icon: IconUsers, component: lazy(() => import('./people/people-part')) },
  {
    id: 'announcements',
    icon: IconSpeakerphone,
    component: lazy(() => import('./announcements/announcements-part')),
  },
  { id: 'templates', icon: IconTemplate, component: lazy(() => import('./templates/templates-part')) },
  { id: 'deliveries', icon: IconListCheck, component: lazy(() => import('./deliveries/deliveries-part')) },
];

export default function AdminRoom() {
  const { t } = useTranslation('admin');
  const { roles } = useMe();
  const [location, go] = useLocation();
  const parts = PARTS.filter((part) => part.supervising || roles.includes('admin'));
  const named = location.split('/')[2];
  const open = parts.find(({ id }) => id === named)?.id ?? parts[0]?.id ?? null;
  return (
    <>
      <VisuallyHidden>
        <Title order={1}>{t('title')}</Title>
      </VisuallyHidden>
      <Tabs value={open} onChange={(id) => go(`/admin/${id ?? ''}`, { replace: true })} keepMounted={false}>
        <ScrollArea type="never" offsetScrollbars={false}>
          <Tabs.List style={{ flexWrap: 'nowrap' }} aria-label={t('title')}>
            {parts.map(({ id, icon: Icon }) => (
              <Tabs.Tab key={id} value={id} leftSection={<Icon size={18} aria-hidden />}>
                {t(`part.${id}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </ScrollArea>
        {parts.map(({ id, component: Component }) => (
          <Tabs.Panel key={id} value={id} pt="md">
            <Suspense
              fallback={
                <Center mih={160}>
                  <Loader aria-label={t('loading')} />
                </Center>
              }
            >
              <Component />
            </Suspense>
          </Tabs.Panel>
        ))}
      </Tabs>
    </>
  );
}
