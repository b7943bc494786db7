import { Box, Card, Group, Stack, Table, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import type { ReactNode } from 'react';

export interface Column<Row> {
  id: string;
  title: string;
  cell: (row: Row) => ReactNode;
  /** What a row is called; the heading of its card on a phone. */
  heading?: true;
}

interface RecordsProps<Row> {
  /** What this is a list of, for who cannot see it. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
}

/** A table, or where it would not fit a card for each of its rows. */
export function Records<Row>(props: RecordsProps<Row>) {
  const narrow = useMediaQuery('(max-width: 62em)', false, { getInitialValueInEffect: false });
  return narrow ? <Cards {...props} /> : <Wide {...props} />;
}

function Wide<Row>({ label, columns, rows, keyOf }: RecordsProps<Row>) {
  return (
    <Table.ScrollContainer minWidth={720} scrollAreaProps={{ viewportProps: { 'aria-label': label } }}>
      <Table verticalSpacing="xs" highlightOnHover aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ id, title }) => (
              <Table.Th key={id} scope="col">
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={keyOf(row)}>
              {columns.map(({ id, cell }) => (
                <Table.Td key={id} style={{ overflowWrap: 'anywhere' }}>
                  {cell(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Cards<Row>({ label, columns, rows, keyOf }: RecordsProps<Row>) {
  const heading = columns.filter((column) => column.heading);
  const rest = columns.filter((column) => !column.heading);
  return (
    <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }} aria-label={label}>
      {rows.map((row) => (
        <Card key={keyOf(row)} component="li" withBorder padding="sm" style={{ overflowWrap: 'anywhere' }}>
          {heading.map(({ id, cell }) => (
            <Box key={id} mb="xs">
              {cell(row)}
            </Box>
          ))}
          <Stack gap={6}>
            {rest.map(({ id, title, cell }) => (
              <Group key={id} justify="space-between" wrap="nowrap" align="flex-start" gap="md">
                <Text size="sm" c="dimmed" style={{ flexShrink: 0 }}>
                  {title}
                </Text>
                <Box fz="sm" ta="end" miw={0}>
                  {cell(row)}
                </Box>
              </Group>
            ))}
          </Stack>
        </Card>
      ))}
    </Stack>
  );
}
