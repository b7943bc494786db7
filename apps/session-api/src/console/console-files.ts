import type { RequestHandler } from 'express';
import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** What the build has compressed, the smaller one first. */
const ENCODINGS = [
  { name: 'br', ending: '.br' },
  { name: 'gzip', ending: '.gz' },
] as const;

/** No dot first and nothing escaped: such a path stays in its folder. */
const PATH = /^(\/[\w-][\w.-]*)+$/;

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** The page is asked for every time; files whose names change with their content are kept for a year. */
function cacheControl(path: string): string {
  if (path === '/index.html') return 'no-store';
  return path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
}

/** Serves the files of a built console from where it is mounted; whatever is none goes on. */
export function consoleFiles(folder: string): RequestHandler {
  return async (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    const [mounted = '', query] = request.originalUrl.split('?');
    // Without the slash its relative addresses would lead elsewhere.
    if (request.path === '/' && !mounted.endsWith('/')) {
      return response.redirect(`${request.baseUrl}/${query === undefined ? '' : `?${query}`}`);
    }
    const path = request.path === '/' ? '/index.html' : request.path;
    if (!PATH.test(path) || !(await isFile(join(folder, path)))) return next();
    response.setHeader('Cache-Control', cacheControl(path));
    response.type(extname(path));
    response.vary('Accept-Encoding');
    const options = { root: folder, cacheControl: false, acceptRanges: false };
    for (const { name, ending } of ENCODINGS) {
      // Asked one by one, because of several the client's first would be taken, which says nothing of its size.
      if (!request.acceptsEncodings(name) || !(await isFile(join(folder, path + ending)))) continue;
      response.setHeader('Content-Encoding', name);
      return response.sendFile(path + ending, options);
    }
    response.sendFile(path, options);
  };
}
