import type { Provider } from '@nestjs/common';
import type { Logger } from '@attune/observability';

export const LOGGER = Symbol('attune:logger');

export const loggerProvider = (logger: Logger): Provider => ({ provide: LOGGER, useValue: logger });
