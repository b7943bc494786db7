export interface SummaryMessage {
  role: 'student' | 'counselor';
  content: string;
}

/** What is summarised: the messages in the order in which they were said. */
export interface SummaryConversation {
  topic: string | null;
  messages: SummaryMessage[];
}

/** How a summary names who speaks; nobody's name or id is in it. */
export const speakerOf = ({ role }: Pick<SummaryMessage, 'role'>): string =>
  role === 'student' ? 'Student' : 'Counsellor';
