import { Alert, Button, Paper, Stack, Text, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { IconMessageCircle, IconPhone } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient, useMe } from '../../live/live';
import { useErrorText } from '../../live/use-error-text';

/** What the server takes, in characters of up to four bytes. */
const MOST = 1000;

/** One field, which may stay empty, and one button; those who would rather speak have another one. */
export function AskForm({ focused }: { focused: boolean }) {
  const { t } = useTranslation('seeker');
  const errorText = useErrorText();
  const { betterTogether, companion } = useClient();
  const { roles, email } = useMe();
  const [text, setText] = useState('');
  // Better_together knows people by their e-mail.
  const peers = email !== null && (roles.includes('user') || roles.includes('student'));
  const ask = useMutation({
    mutationFn: (how: 'chat' | 'voice') => {
      const note = text.trim();
      if (how === 'chat' && peers) return betterTogether.ask(note === '' ? t('ask.nothingSaid') : note);
      return companion.ask(how, note === '' ? undefined : note);
    },
  });
  return (
    <Paper withBorder p={{ base: 'md', sm: 'xl' }}>
      <form
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          ask.mutate('chat');
        }}
      >
        <Stack>
          <Text>{t('ask.about')}</Text>
          <Textarea
            label={t('ask.label')}
            description={t('ask.optional')}
            autoComplete="off"
            autosize
            minRows={2}
            maxRows={8}
            size="md"
            dir="auto"
            maxLength={MOST}
            value={text}
            onChange={({ currentTarget }) => setText(currentTarget.value)}
          />
          {ask.error && (
            <Alert color="red" role="alert">
              {errorText(ask.error)}
            </Alert>
          )}
          <Button
            type="submit"
            // Where the button to cancel was: the keyboard goes on from there.
            autoFocus={focused}
            size="md"
            loading={ask.isPending && ask.variables === 'chat'}
            disabled={ask.isPending}
            leftSection={<IconMessageCircle size={20} aria-hidden />}
          >
            {t('ask.chat')}
          </Button>
          <Button
            variant="default"
            size="md"
            loading={ask.isPending && ask.variables === 'voice'}
            disabled={ask.isPending}
            leftSection={<IconPhone size={20} aria-hidden />}
            onClick={() => ask.mutate('voice')}
          >
            {t('ask.voice')}
          </Button>
        </Stack>
      </form>
    </Paper>
  );
}
