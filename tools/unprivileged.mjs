import { execFileSync, spawnSync } from 'node:child_process';

// User 1 has a name on every Linux, and initdb insists on one.
const NAMESPACE = ['-U', '--map-user=1', '--map-group=1'];
const works = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const chown = (owner, path) => void spawnSync('chown', ['-R', owner, path]);

/** The account `postgres`, made when there is none. */
function postgresAccount() {
  if (!works('id', ['postgres'])) {
    spawnSync('groupadd', ['--system', 'postgres']);
    spawnSync('useradd', ['--system', '--gid', 'postgres', '--no-create-home', 'postgres']);
  }
  return ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })));
}

/**
 * Postgres refuses to run as root. On Linux a user namespace in which we are somebody else does, also where another
 * user could not reach the files. Containers usually forbid that; there the account `postgres` must do.
 * @param {string} binary what will be run
 * @returns {{command: (file: string, args: string[]) => [string, string[]], own: (path: string) => void}}
 *   `own` hands over what it reads and writes
 */
export function unprivileged(binary) {
  if (process.getuid?.() !== 0) return { command: (file, args) => [file, args], own: () => undefined };
  if (works('unshare', [...NAMESPACE, binary, '--version'])) {
    return {
      command: (file, args) => ['unshare', [...NAMESPACE, file, ...args]],
      own: (path) => chown('0:0', path),
    };
  }
  const [uid, gid] = postgresAccount();
  // With this one capability of root's it reaches folders such as /root as well; Postgres only looks at the user.
  const reach = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  const options = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  if (works('setpriv', [...options, ...reach, binary, '--version'])) options.push(...reach);
  return {
    command: (file, args) => ['setpriv', [...options, file, ...args]],
    own: (path) => chown(`${uid}:${gid}`, path),
  };
}
