import { runService } from '@kindline/platform';
import { setFlagsFromString } from 'node:v8';
import { startNotificationWorker } from './start';

// An announcement makes much garbage that is just old enough to be kept. On a machine with room V8 lets it pile up:
// 360 MB are held at most with 200,000 people, and 270 when it is collected as soon as a fifth has been added.
setFlagsFromString('--heap-growing-percent=20');

void runService(() => startNotificationWorker());
