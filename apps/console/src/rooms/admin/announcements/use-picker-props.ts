import '@mantine/dates/styles.css';
import 'dayjs/locale/de';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../use-format';

/** Dates in pickers as the reader writes them, each picked in a dialog that has the field's name. */
export function usePickerProps() {
  const { t, i18n } = useTranslation('admin');
  const { dateTime } = useFormat();
  return (label: string) => ({
    label,
    // A popover has no name that a screen reader could say, and would not fit a phone.
    dropdownType: 'modal' as const,
    modalProps: {
      title: label,
      withCloseButton: true,
      closeButtonProps: { 'aria-label': t('close') },
    },
    locale: i18n.resolvedLanguage ?? 'en',
    valueFormat: (local: string): string => dateTime(local.replace(' ', 'T')),
    defaultTimeValue: '09:00',
    // Mantine's red of weekends is too pale to read.
    weekendDays: [],
    clearButtonProps: { 'aria-label': t('clear') },
    submitButtonProps: { 'aria-label': t('picker.done') },
    timePickerProps: {
      hoursInputLabel: t('picker.hours'),
      minutesInputLabel: t('picker.minutes'),
      amPmInputLabel: t('picker.amPm'),
    },
    ariaLabels: {
      nextMonth: t('picker.nextMonth'),
      previousMonth: t('picker.previousMonth'),
      nextYear: t('picker.nextYear'),
      previousYear: t('picker.previousYear'),
    },
  });
}
