import { Alert, Button, Group, Input, Rating, Stack, Text, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../../live/use-error-text';

interface RatingFormProps {
  rate(rating: number, comment?: string): Promise<void>;
  skip(): void;
}

/** How it was, once; nobody has to say so. */
export function RatingForm({ rate, skip }: RatingFormProps) {
  const { t } = useTranslation('seeker');
  const errorText = useErrorText();
  const [rating, setRating] = useState(0);
  const [comment, setComment] = useState('');
  const rated = useMutation({
    mutationFn: () => rate(rating, comment.trim() === '' ? undefined : comment.trim()),
  });
  if (rated.isSuccess) return <Text mt="xs">{t('rating.thanks')}</Text>;
  return (
    <form
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        rated.mutate();
      }}
    >
      <Stack gap="sm" mt="sm">
        <Input.Wrapper label={t('rating.label')} labelElement="div" id="rating">
          <Rating
            size="xl"
            color="orange"
            value={rating}
            onChange={setRating}
            // By the arrow keys it shows another one, but tells of it only once Enter is pressed.
            onClick={({ target }) => target instanceof HTMLInputElement && setRating(Number(target.value))}
            aria-label={t('rating.label')}
            getSymbolLabel={(value) => t('rating.stars', { count: value })}
          />
        </Input.Wrapper>
        {rating > 0 && (
          <Textarea
            label={t('rating.comment')}
            autoComplete="off"
            autosize
            minRows={1}
            maxRows={4}
            maxLength={1000}
            dir="auto"
            value={comment}
            onChange={({ currentTarget }) => setComment(currentTarget.value)}
          />
        )}
        {rated.error && (
          <Alert color="red" role="alert">
            {errorText(rated.error)}
          </Alert>
        )}
        <Group gap="xs">
          <Button type="submit" disabled={rating === 0} loading={rated.isPending}>
            {t('rating.send')}
          </Button>
          <Button variant="default" onClick={skip}>
            {t('rating.skip')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
