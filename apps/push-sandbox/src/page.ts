import type { ReceivedPush } from './mailbox';

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escape = (value: unknown): string =>
  String(value ?? '').replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

function card(push: ReceivedPush): string {
  return `<li>
    <p class="meta">${escape(push.received_at)} · ${escape(push.token)}${push.validate_only ? ' · dry run' : ''}</p>
    <h2>${escape(field(push.notification, 'title') ?? '(no title)')}</h2>
    <p>${escape(field(push.notification, 'body'))}</p>
    <pre>${escape(JSON.stringify(push.data, null, 1))}</pre>
  </li>`;
}

/** The page at `/`: what phones would have received, newest first. It has no script; it reloads itself. */
export function page(pushes: ReceivedPush[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="3">
<title>Push sandbox</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
  ul { list-style: none; padding: 0; display: grid; gap: .75rem; }
  li { border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: .75rem; padding: .75rem 1rem; }
  h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: .25rem 0 0; } p { margin: 0; }
  .meta, pre { font-size: .8rem; opacity: .7; overflow-wrap: anywhere; }
  pre { margin: .5rem 0 0; white-space: pre-wrap; }
</style>
</head>
<body>
<h1>Pushes that would have reached phones</h1>
${pushes.length === 0 ? '<p>None so far.</p>' : `<ul>${pushes.map(card).join('')}</ul>`}
</body>
</html>`;
}
