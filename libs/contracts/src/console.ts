import { z } from 'zod';
import { mintedToken, role } from './people';
import { line, sub } from './strings';

/** `GET /console/config.json`: what the page cannot know of itself. */
export const consoleConfig = z.object({
  gatewayUrl: z.string(),
  apiUrl: z.string().meta({ description: 'Empty: where the page itself comes from' }),
  demo: z.boolean().meta({ description: 'Whether demo people can be chosen instead of signing in' }),
  oidc: z.object({ authority: z.string(), clientId: z.string(), scope: z.string() }).nullable(),
  leaveUrl: z.string().meta({ description: 'Where somebody lands who leaves quickly' }),
});
export type ConsoleConfig = z.infer<typeof consoleConfig>;

/** Somebody to try things as. */
export const demoPerson = z.strictObject({
  sub,
  email: line(254),
  name: line(200),
  roles: z.array(role).min(1),
  /** A sentence. */
  about: line(500),
});
export type DemoPerson = z.infer<typeof demoPerson>;

/** `GET /console/demo/people` */
export const demoPeople = z.object({ people: z.array(demoPerson.omit({ email: true })) });
export type DemoPeople = z.infer<typeof demoPeople>;

/** `POST /console/demo/sign-in` */
export const demoSignIn = z.strictObject({ sub });
export const demoSignedIn = mintedToken;
