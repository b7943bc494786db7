import { Text } from '@mantine/core';
import type { AudienceTarget } from '@kindline/contracts';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../use-format';

/** Whom it is for, in a sentence. */
export function TargetText({ target }: { target: Partial<AudienceTarget> }) {
  const { t } = useTranslation('admin');
  const { locale, number, dateTime } = useFormat();
  const list = (names: readonly string[]): string =>
    new Intl.ListFormat(locale, { type: 'disjunction' }).format(names);
  const { everyone, roles, programs, registeredAfter, registeredBefore, subs } = target;
  const parts = [
    everyone && t('target.toEveryone'),
    roles && t('target.toRoles', { roles: list(roles.map((role) => t(`roles.${role}`))) }),
    programs &&
      t('target.toPrograms', { programs: list(programs.map((program) => t(`programs.${program}`))) }),
    registeredAfter && t('target.since', { time: dateTime(registeredAfter) }),
    registeredBefore && t('target.until', { time: dateTime(registeredBefore) }),
    subs && t('target.toSubs', { people: number(subs.length), count: subs.length }),
  ].filter(Boolean);
  return (
    <Text size="sm">
      {t('target.for')} {parts.join('; ')}
    </Text>
  );
}
