/** In which order waiting sessions are served: those whose helper was lost first, then who came first. */
export const QUEUE_ORDER = 'returned DESC, created_at, id';
