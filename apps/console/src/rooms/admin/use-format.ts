import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';

/** Numbers and times as the reader writes them: their language, their region's habits, their time zone. */
export function useFormat() {
  const { i18n } = useTranslation();
  const language = i18n.resolvedLanguage ?? 'en';
  return useMemo(() => {
    const locale = navigator.languages.find((one) => one.split('-')[0] === language) ?? language;
    const numbers = new Intl.NumberFormat(locale);
    const moments = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
    const days = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
    const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
    const exactClock = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
    const unit = (name: string) =>
      new Intl.NumberFormat(locale, {
        style: 'unit',
        unit: name,
        unitDisplay: 'short',
        maximumFractionDigits: 0,
      });
    const [s, min, h, d] = [unit('second'), unit('minute'), unit('hour'), unit('day')];
    return {
      locale,
      number: (value: number): string => numbers.format(value),
      dateTime: (iso: string): string => moments.format(new Date(iso)),
      date: (iso: string): string => days.format(new Date(iso)),
      time: (iso: string): string => clock.format(new Date(iso)),
      exactTime: (iso: string): string => exactClock.format(new Date(iso)),
      /** The two largest units of it. */
      duration(seconds: number): string {
        if (seconds < 60) return s.format(seconds);
        const minutes = Math.floor(seconds / 60);
        if (minutes < 10) return joined(min.format(minutes), s, Math.floor(seconds % 60));
        if (minutes < 60) return min.format(minutes);
        const hours = Math.floor(minutes / 60);
        if (hours < 24) return joined(h.format(hours), min, minutes % 60);
        return joined(d.format(Math.floor(hours / 24)), h, hours % 24);
      },
    };
  }, [language]);
}

const joined = (first: string, unit: Intl.NumberFormat, rest: number): string =>
  rest === 0 ? first : `${first} ${unit.format(rest)}`;
