import type { INestApplication } from '@nestjs/common';
import type { ConsoleConfig } from '@kindline/contracts';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import { consoleFiles } from './console-files';
import type { ConsoleSite } from './console-site';

/** Everything under `/console` but its routes. */
export function serveConsole(app: INestApplication, { folder, config }: ConsoleSite): void {
  app.use('/console', ...consoleHeaders(config), consoleFiles(folder));
}

/** On top of what all answers have. */
export const consoleHeaders = (config: ConsoleConfig): RequestHandler[] => [
  contentPolicy(config),
  otherPolicies,
];

/** Nothing from elsewhere; docker/console/configure.sh says the same. */
function contentPolicy({ gatewayUrl, oidc }: ConsoleConfig): RequestHandler {
  const authority = oidc ? [new URL(oidc.authority).origin] : [];
  return helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      // The components set style attributes.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      fontSrc: ["'self'"],
      mediaSrc: ["'self'", 'blob:'],
      manifestSrc: ["'self'"],
      connectSrc: ["'self'", gatewayUrl, gatewayUrl.replace(/^http/, 'ws'), ...authority],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
    },
  });
}

const otherPolicies: RequestHandler = (_request, response, next) => {
  response.setHeader('Permissions-Policy', 'microphone=(self), camera=(), geolocation=()');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  next();
};
