import { runService } from '@kindline/platform';
import { startSessionApi } from './start';

void runService(() => startSessionApi());
