import type { Call, CallQuality } from '@kindline/client';
import { Group, Stack, Text, ThemeIcon } from '@mantine/core';
import { IconPhone, IconPhoneOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useNow } from '../chat/use-now';
import { useStore } from '../live/live';
import { useErrorText } from '../live/use-error-text';

/** In words: who, what happens, for how long, and how well it is heard. */
export function CallStatus({ call, name }: { call: Call; name: string }) {
  const { t } = useTranslation('calls');
  const { phase, connectedAt, quality, reason } = useStore(call);
  const errorText = useErrorText();
  const ended = phase === 'ended';
  const sentence = ended
    ? t(`reason.${reason ?? 'ended'}`, { name, defaultValue: errorText({ code: reason }) })
    : t(`phase.${phase}`, { name });
  return (
    <Group gap="sm" wrap="nowrap" flex="1 1 12rem" miw={0}>
      <ThemeIcon size="lg" radius="xl" variant="light" color={ended ? 'gray' : undefined}>
        {ended ? <IconPhoneOff size={20} aria-hidden /> : <IconPhone size={20} aria-hidden />}
      </ThemeIcon>
      <Stack gap={0} miw={0}>
        {/* An alert only while it rings: the rest is no reason to interrupt. */}
        <Text
          fw={600}
          key={phase === 'ringing' ? 'ringing' : 'other'}
          role={phase === 'ringing' ? 'alert' : 'status'}
        >
          {sentence}
        </Text>
        {connectedAt !== null && phase === 'connected' && (
          <Text size="sm">
            <Duration since={connectedAt} />
            {quality && ` · ${t(`quality.${inWords(quality)}`)}`}
          </Text>
        )}
      </Stack>
    </Group>
  );
}

function Duration({ since }: { since: string }) {
  const { t } = useTranslation('calls');
  const seconds = Math.max(0, Math.floor((useNow(1000) - new Date(since).getTime()) / 1000));
  const two = (number: number): string => String(number).padStart(2, '0');
  return (
    <span role="timer" aria-label={t('duration', { count: Math.floor(seconds / 60) })}>
      {Math.floor(seconds / 60)}:{two(seconds % 60)}
    </span>
  );
}

/** From where people begin to be annoyed (ITU-T G.107, annex B), or where there is no score, by what is lost. */
function inWords({ mos, packetLossPct = 0, rttMs = 0 }: CallQuality): 'good' | 'fair' | 'poor' {
  if (mos !== undefined) return mos >= 4 ? 'good' : mos >= 3.1 ? 'fair' : 'poor';
  if (packetLossPct > 10 || rttMs > 600) return 'poor';
  return packetLossPct > 3 || rttMs > 300 ? 'fair' : 'good';
}
