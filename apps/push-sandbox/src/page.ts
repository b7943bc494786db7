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

/** Where it went, how urgently, and whether it was for real. */
function marks({ data, android, validate_only }: ReceivedPush): string {
  return [
    field(data, 'kind'),
    field(data, 'channelKey'),
    field(android, 'priority'),
    validate_only && 'dry run',
  ]
    .filter(Boolean)
    .map((mark) => `<span>${escape(mark)}</span>`)
    .join(' ');
}

function card(push: ReceivedPush): string {
  return `<li>
    <p class="meta"><time>${escape(push.received_at)}</time> ${marks(push)}</p>
    <h2>${escape(field(push.notification, 'title') ?? '(no title)')}</h2>
    <p>${escape(field(push.notification, 'body'))}</p>
    <p class="meta">to ${escape(push.token)}</p>
    ${push.data === null ? '' : `<pre>${escape(JSON.stringify(push.data, null, 1))}</pre>`}
  </li>`;
}

const heading = (shown: number, total: number): string =>
  total === 0 ? 'None so far.' : `${total} so far${shown < total ? `, the newest ${shown} below` : ''}.`;

/**
 * The page at `/`: what phones would have received. It has no script; it reloads itself.
 * @param pushes newest first
 */
export function page(pushes: ReceivedPush[], total: number): string {
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
  h1 { font-size: 1.4rem; margin-bottom: 0; } h2 { font-size: 1rem; margin: .25rem 0 0; } p { margin: 0; }
  .meta, pre { font-size: .8rem; opacity: .75; overflow-wrap: anywhere; }
  .meta span { border-radius: 1rem; padding: .1rem .5rem; background: color-mix(in srgb, currentColor 12%, transparent); }
  pre { margin: .5rem 0 0; white-space: pre-wrap; }
</style>
</head>
<body>
<h1>Pushes that would have reached phones</h1>
<p>${heading(pushes.length, total)}</p>
<ul>${pushes.map(card).join('')}</ul>
</body>
</html>`;
}
