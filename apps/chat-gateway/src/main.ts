import { runService } from '@kindline/platform';
import { startChatGateway } from './start';

void runService(() => startChatGateway());
