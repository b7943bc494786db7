import { Alert, Badge, Button, Card, Container, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { LookMenu } from '../shell/look-menu';
import type { SignIn } from './sign-in';

export function SignInPage({ signIn, done }: { signIn: SignIn; done: () => void }) {
  const { t } = useTranslation();
  const start = useMutation({ mutationFn: (sub?: string) => signIn.start(sub), onSuccess: done });
  return (
    <Container component="main" size="md" py="xl">
      <Stack gap="lg">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Title order={1} size="h2">
            {t('signIn.title')}
          </Title>
          <LookMenu />
        </Group>
        {start.error && (
          <Alert color="red" role="alert">
            {t('signIn.failed')}
          </Alert>
        )}
        {signIn.people === null ? (
          <Button size="lg" loading={start.isPending} onClick={() => start.mutate(undefined)}>
            {t('signIn.start')}
          </Button>
        ) : (
          <>
            <Text c="dimmed">{t('signIn.pick')}</Text>
            <SimpleGrid
              cols={{ base: 1, xs: 2, md: 3 }}
              component="ul"
              p={0}
              m={0}
              style={{ listStyle: 'none' }}
            >
              {signIn.people.map(({ sub, name, roles, about }) => (
                <li key={sub}>
                  <Card withBorder h="100%" padding="md">
                    <Stack gap="xs" h="100%" justify="space-between">
                      <div>
                        <Group justify="space-between" wrap="nowrap">
                          <Text fw={600}>{name}</Text>
                          <Badge variant="light">{roles.join(', ')}</Badge>
                        </Group>
                        <Text size="sm" c="dimmed" mt={4}>
                          {about}
                        </Text>
                      </div>
                      <Button
                        variant="light"
                        fullWidth
                        disabled={start.isPending}
                        onClick={() => start.mutate(sub)}
                      >
                        {t('signIn.as', { name })}
                      </Button>
                    </Stack>
                  </Card>
                </li>
              ))}
            </SimpleGrid>
          </>
        )}
      </Stack>
    </Container>
  );
}
