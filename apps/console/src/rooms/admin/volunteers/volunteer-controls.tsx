import { NumberInput, Switch } from '@mantine/core';
import type { VolunteerView } from '@kindline/contracts';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useChangeVolunteer } from './use-change-volunteer';

const nameOf = ({ name, email, sub }: VolunteerView): string => name ?? email ?? sub;

/** Whether they may be asked at all, or are told when nobody accepts. */
export function ProfileSwitch({ volunteer, field }: { volunteer: VolunteerView; field: 'active' | 'lead' }) {
  const { t } = useTranslation('admin');
  const change = useChangeVolunteer(volunteer.sub);
  return (
    <Switch
      display="inline-block"
      aria-label={t(`volunteers.${field}Of`, { name: nameOf(volunteer) })}
      checked={change.isPending ? (change.variables[field] ?? volunteer[field]) : volunteer[field]}
      disabled={change.isPending}
      onChange={(event) => change.mutate({ [field]: event.currentTarget.checked })}
    />
  );
}

/** How many conversations they may have at a time; kept when the field is left. */
export function CapacityInput({ volunteer }: { volunteer: VolunteerView }) {
  const { t } = useTranslation('admin');
  const change = useChangeVolunteer(volunteer.sub);
  const [capacity, setCapacity] = useState<string | number>(volunteer.capacity);
  const save = (): void => {
    if (typeof capacity !== 'number') setCapacity(volunteer.capacity);
    else if (capacity !== volunteer.capacity)
      change.mutate({ capacity }, { onError: () => setCapacity(volunteer.capacity) });
  };
  return (
    <NumberInput
      size="xs"
      w={80}
      aria-label={t('volunteers.capacityOf', { name: nameOf(volunteer) })}
      min={0}
      max={1000}
      clampBehavior="strict"
      allowDecimal={false}
      allowNegative={false}
      value={capacity}
      disabled={change.isPending}
      onChange={setCapacity}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key === 'Enter') save();
      }}
    />
  );
}
