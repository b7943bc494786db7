type Fetch = typeof fetch;

const MOST_BYTES = 1024 * 1024;

/**
 * fetch for the SDK with headers of our own: its own tell the machine's platform, and it adds what
 * OPENAI_CUSTOM_HEADERS says. A redirect would carry the conversation to where nobody configured it.
 */
export function modelFetch(key: string | undefined): Fetch {
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
  };
  return async (input, init) => limited(await fetch(input, { ...init, headers, redirect: 'error' }));
}

/** A body without an end is an error instead of memory. */
function limited(response: Response): Response {
  if (!response.body) return response;
  let bytes = 0;
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > MOST_BYTES) controller.error(new Error('the answer is too large'));
      else controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(counting), response);
}
