import { Badge, Stack, Text, TextInput } from '@mantine/core';
import type { VolunteerView } from '@kindline/contracts';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Answer, MoreButton, Nothing } from '../answer';
import { Records } from '../records';
import { useFormat } from '../use-format';
import { usePages } from '../use-pages';
import { CapacityInput, ProfileSwitch } from './volunteer-controls';

interface VolunteerPage {
  volunteers: VolunteerView[];
  cursor: string | null;
}

const LOOK_EVERY_MS = 15_000;

/** Whoever answers in better_together, and what a supervisor may set for them. */
export default function VolunteersPart() {
  const { t } = useTranslation('admin');
  const { number, duration } = useFormat();
  const [wanted, setWanted] = useState('');
  const pages = usePages<VolunteerPage>(
    '/api/volunteers',
    { limit: 500 },
    { refetchInterval: LOOK_EVERY_MS },
  );
  const fits = ({ name, email, sub }: VolunteerView): boolean =>
    [name, email, sub].some((text) => text?.toLowerCase().includes(wanted.trim().toLowerCase()));
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {t('volunteers.about')}
      </Text>
      <TextInput
        label={t('volunteers.filter')}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
        maw={420}
      />
      <Answer query={pages}>
        {(all) => {
          const volunteers = all.flatMap((page) => page.volunteers);
          const shown = volunteers.filter(fits);
          if (volunteers.length === 0) return <Nothing>{t('volunteers.none')}</Nothing>;
          if (shown.length === 0) return <Nothing>{t('volunteers.noneFits')}</Nothing>;
          return (
            <Records
              label={t('part.volunteers')}
              rows={shown}
              keyOf={({ sub }) => sub}
              columns={[
                {
                  id: 'name',
                  title: t('person.name'),
                  heading: true,
                  cell: ({ name, email, sub }) => (
                    <>
                      <Text fw={600}>{name ?? email ?? sub}</Text>
                      {name !== null && (
                        <Text size="sm" c="dimmed">
                          {email ?? sub}
                        </Text>
                      )}
                    </>
                  ),
                },
                {
                  id: 'available',
                  title: t('volunteers.available'),
                  cell: ({ available, active }) => (
                    <Badge variant="light" tt="none" color={available && active ? 'teal' : 'gray'}>
                      {t(available && active ? 'volunteers.isAvailable' : 'volunteers.isAway')}
                    </Badge>
                  ),
                },
                {
                  id: 'active',
                  title: t('volunteers.active'),
                  cell: (volunteer) => <ProfileSwitch volunteer={volunteer} field="active" />,
                },
                {
                  id: 'lead',
                  title: t('volunteers.lead'),
                  cell: (volunteer) => <ProfileSwitch volunteer={volunteer} field="lead" />,
                },
                {
                  id: 'capacity',
                  title: t('volunteers.capacity'),
                  cell: (volunteer) => <CapacityInput key={volunteer.capacity} volunteer={volunteer} />,
                },
                {
                  id: 'talking',
                  title: t('volunteers.talking'),
                  cell: ({ active_conversations: talking }) => number(talking),
                },
                {
                  id: 'rating',
                  title: t('volunteers.rating'),
                  cell: ({ rating, reviews }) =>
                    rating === null ? '–' : t('volunteers.rated', { rating: number(rating), count: reviews }),
                },
                {
                  id: 'time',
                  title: t('volunteers.time'),
                  cell: ({ time_spent_volunteering_s: seconds }) => (seconds === 0 ? '–' : duration(seconds)),
                },
              ]}
            />
          );
        }}
      </Answer>
      <MoreButton query={pages} />
    </Stack>
  );
}
