import { z } from 'zod';
import { line } from '../strings';
import { templateBody, templateTitle } from './announcements';
import { category } from './categories';

/** The name of a kind, such as `message`, stands for the built-in texts of that kind. */
const templateId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be 1 to 64 lower-case letters, digits, _ or -');
export const templateParams = z.strictObject({ id: templateId });

const fields = {
  name: line(200).optional(),
  category: category.optional(),
  title: templateTitle,
  body: templateBody,
};
/** `POST /api/notification-templates` */
export const postTemplate = z.strictObject({ id: templateId.optional(), ...fields });
/** `PUT /api/notification-templates/:id`: makes it or replaces it. */
export const putTemplate = z.strictObject(fields);

export const templateView = z.object({
  id: z.string(),
  name: z.string().nullable(),
  category: category.nullable(),
  title: z.string(),
  body: z.string(),
  variables: z.array(z.string()).meta({ description: 'those that title and body use' }),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});
export type TemplateView = z.infer<typeof templateView>;
export const templateList = z.object({ templates: z.array(templateView) });
