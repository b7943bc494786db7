import { Drawer, Tabs, Text } from '@mantine/core';
import type { KnownPerson } from '@kindline/contracts';
import { useTranslation } from 'react-i18next';
import { DeliveryList } from '../deliveries/delivery-list';
import { PreferencesOf } from './preferences-of';

/** One person: what they want to be told of, and what they were sent. */
export function PersonDrawer({ person, close }: { person: KnownPerson | null; close: () => void }) {
  const { t } = useTranslation('admin');
  return (
    <Drawer
      opened={person !== null}
      onClose={close}
      position="right"
      size="xl"
      title={<Text fw={600}>{person && (person.name ?? person.email ?? person.sub)}</Text>}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      {person && (
        <Tabs defaultValue="preferences" keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="preferences">{t('person.preferences')}</Tabs.Tab>
            <Tabs.Tab value="deliveries">{t('person.deliveries')}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="preferences" pt="md">
            <PreferencesOf sub={person.sub} />
          </Tabs.Panel>
          <Tabs.Panel value="deliveries" pt="md">
            <DeliveryList filter={{ sub: person.sub }} ofOne />
          </Tabs.Panel>
        </Tabs>
      )}
    </Drawer>
  );
}
