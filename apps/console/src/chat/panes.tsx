import { Title } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './panes.module.css';

interface PanesProps {
  title: string;
  side: ReactNode;
  /** What was chosen there; null: nothing yet. */
  main: ReactNode | null;
}

/** A list and what was chosen from it: side by side, or one after the other where there is no room. */
export function Panes({ title, side, main }: PanesProps) {
  return (
    <div className={classes.panes} data-chosen={main !== null || undefined}>
      <div className={classes.side}>
        <Title order={1} size="h3" mb="md">
          {title}
        </Title>
        <div className={classes.list}>{side}</div>
      </div>
      {main !== null && <div className={classes.main}>{main}</div>}
    </div>
  );
}
