/** The categories of notifications, as a check constraint. */
export const CATEGORY_CHECK =
  "category IN ('transactional', 'messages', 'reminders', 'promotional', 'product')";
