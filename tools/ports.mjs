import { createServer } from 'node:net';

/** The port a variable asks for. @throws with a sentence about a bad one */
export function portOf({ variable, port }) {
  const given = Number(process.env[variable] || port);
  if (Number.isInteger(given) && given >= 1 && given <= 65_535) return given;
  throw new Error(`${variable} must be a port from 1 to 65535 (example: ${port}).`);
}

function probe(port, host, variable) {
  const server = createServer();
  return new Promise((free, reject) => {
    server.once('error', ({ code }) =>
      reject(
        new Error(
          code === 'EADDRINUSE'
            ? `Port ${port} is in use; stop what uses it or set ${variable} to another one.`
            : `Port ${port} cannot be opened on ${host} (${code}); set ${variable} or HOST.`,
        ),
      ),
    );
    server.listen(port, host, () => server.close(() => free()));
  });
}

/**
 * Says before anything is started which port is taken.
 * @param {{variable: string, port: number}[]} wanted
 * @param {string} host
 */
export async function checkPorts(wanted, host) {
  const taken = new Map();
  for (const one of wanted) {
    const port = portOf(one);
    const other = taken.get(port);
    if (other) throw new Error(`${other} and ${one.variable} are both ${port}; give them different ports.`);
    taken.set(port, one.variable);
    await probe(port, host, one.variable);
  }
}
