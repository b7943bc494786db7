// Kept illegal on purpose: what is tagged scope:contracts imports nothing of ours. boundaries.spec.ts expects
// lint to refuse it, so that a rule that forbids nothing is noticed.
import { Programs } from '@kindline/domain';

export const illegal = Programs;
