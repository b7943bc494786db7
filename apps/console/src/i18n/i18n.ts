import i18next, { type BackendModule } from 'i18next';
import LanguageDetector from 'i18next-browser-languagedetector';
import { initReactI18next } from 'react-i18next';

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof LANGUAGES;

const files = import.meta.glob<{ default: Record<string, unknown> }>('./locales/*/*.json');

/** Each room brings its own texts, so that nobody downloads those of others. */
const texts: BackendModule = {
  type: 'backend',
  init: () => undefined,
  read(language, namespace, done) {
    const file = files[`./locales/${language}/${namespace}.json`];
    if (file === undefined) return done(new Error(`no texts of ${namespace} in ${language}`), false);
    file().then(
      (loaded) => done(null, loaded.default),
      (error: Error) => done(error, false),
    );
  },
};

export async function startI18n(): Promise<void> {
  await i18next
    .use(texts)
    .use(LanguageDetector)
    .use(initReactI18next)
    .init({
      supportedLngs: Object.keys(LANGUAGES),
      fallbackLng: 'en',
      load: 'languageOnly',
      ns: ['shell', 'errors'],
      defaultNS: 'shell',
      detection: { order: ['localStorage', 'navigator'], lookupLocalStorage: 'language', caches: [] },
      interpolation: { escapeValue: false },
    });
  const shown = (language: string): void => {
    document.documentElement.lang = language;
    document.documentElement.dir = i18next.dir(language);
  };
  shown(i18next.resolvedLanguage ?? 'en');
  i18next.on('languageChanged', shown);
}

/** Kept on this device only when somebody chose it. */
export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem('language', language);
  await i18next.changeLanguage(language);
}
