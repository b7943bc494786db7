import { Badge, Button, Group, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { KnownPerson } from '@kindline/contracts';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Answer, MoreButton, Nothing } from '../answer';
import { ALL_ROLES } from '../choices';
import { Records } from '../records';
import { useFormat } from '../use-format';
import { usePages } from '../use-pages';
import { PersonDrawer } from './person-drawer';

interface PeoplePage {
  people: KnownPerson[];
  cursor: string | null;
}

/** Everybody who has an account, found by how they are called. */
export default function PeoplePart() {
  const { t } = useTranslation('admin');
  const { date, dateTime } = useFormat();
  const [search, setSearch] = useState('');
  const [role, setRole] = useState<string | null>(null);
  const [wanted] = useDebouncedValue(search.trim(), 400);
  const [shown, setShown] = useState<KnownPerson | null>(null);
  const pages = usePages<PeoplePage>('/api/people', { search: wanted, role, limit: 20 });
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm" maw={760}>
        <TextInput
          label={t('people.search')}
          description={t('people.searchHint')}
          leftSection={<IconSearch size={16} aria-hidden />}
          maxLength={254}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <Select
          label={t('people.role')}
          description={t('people.roleHint')}
          placeholder={t('people.anyRole')}
          clearable
          data={ALL_ROLES.map((value) => ({ value, label: t(`roles.${value}`) }))}
          value={role}
          onChange={setRole}
        />
      </SimpleGrid>
      <Answer query={pages}>
        {(all) => {
          const people = all.flatMap((page) => page.people);
          if (people.length === 0) return <Nothing>{t('people.none')}</Nothing>;
          return (
            <Records
              label={t('part.people')}
              rows={people}
              keyOf={({ sub }) => sub}
              columns={[
                {
                  id: 'name',
                  title: t('person.name'),
                  heading: true,
                  cell: ({ name, email, sub }) => (
                    <>
                      <Text fw={600}>{name ?? email ?? sub}</Text>
                      {name !== null && email !== null && (
                        <Text size="sm" c="dimmed">
                          {email}
                        </Text>
                      )}
                    </>
                  ),
                },
                { id: 'sub', title: t('person.sub'), cell: ({ sub }) => sub },
                {
                  id: 'roles',
                  title: t('person.roles'),
                  cell: ({ roles }) => (
                    <Group gap={4}>
                      {roles.map((one) => (
                        <Badge key={one} variant="light" tt="none">
                          {t(`roles.${one}`)}
                        </Badge>
                      ))}
                    </Group>
                  ),
                },
                {
                  id: 'registered',
                  title: t('person.registered'),
                  cell: ({ registered_at: registered }) => date(registered),
                },
                {
                  id: 'seen',
                  title: t('person.seen'),
                  cell: ({ last_seen_at: seen }) => (seen === null ? t('person.never') : dateTime(seen)),
                },
                {
                  id: 'open',
                  title: t('person.details'),
                  cell: (person) => (
                    <Button
                      size="xs"
                      variant="default"
                      aria-label={t('person.openOf', { name: person.name ?? person.email ?? person.sub })}
                      onClick={() => setShown(person)}
                    >
                      {t('person.open')}
                    </Button>
                  ),
                },
              ]}
            />
          );
        }}
      </Answer>
      <MoreButton query={pages} />
      <PersonDrawer person={shown} close={() => setShown(null)} />
    </Stack>
  );
}
