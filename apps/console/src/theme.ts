import { createTheme, type CSSVariablesResolver, Notification } from '@mantine/core';

/** Calm, and large enough to touch. Shade 9 of every colour used carries white text at 4.5:1 or more. */
export const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: 9,
  defaultRadius: 'md',
  respectReducedMotion: true,
  autoContrast: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  headings: { fontWeight: '600' },
  components: {
    Notification: Notification.extend({ styles: { description: { color: 'var(--mantine-color-dimmed)' } } }),
  },
});

const COLOURS = ['teal', 'red', 'yellow', 'orange', 'green', 'blue', 'gray', 'grape'];

/** Mantine's grey and tinted texts are too pale for WCAG AA on a light ground. */
export const legible: CSSVariablesResolver = () => ({
  variables: Object.fromEntries(
    COLOURS.map((colour) => [
      `--mantine-color-${colour}-filled-hover`,
      `color-mix(in srgb, var(--mantine-color-${colour}-9), black 15%)`,
    ]),
  ),
  light: {
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    '--mantine-color-placeholder': 'var(--mantine-color-gray-7)',
    '--mantine-color-error': 'var(--mantine-color-red-9)',
    ...Object.fromEntries(
      COLOURS.flatMap((colour) => [
        [`--mantine-color-${colour}-light`, `var(--mantine-color-${colour}-0)`],
        [
          `--mantine-color-${colour}-light-color`,
          `color-mix(in srgb, var(--mantine-color-${colour}-9), black 35%)`,
        ],
        [
          `--mantine-color-${colour}-outline`,
          `color-mix(in srgb, var(--mantine-color-${colour}-9), black 20%)`,
        ],
      ]),
    ),
  },
  dark: {
    '--mantine-color-dimmed': 'var(--mantine-color-dark-1)',
    '--mantine-color-placeholder': 'var(--mantine-color-dark-1)',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
  },
});
