import { runService } from '@kindline/platform';
import { startNotificationWorker } from './start';

void runService(() => startNotificationWorker());
