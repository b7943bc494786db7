import { runService } from '@kindline/platform';
import { startScheduler } from './start';

void runService(() => startScheduler());
