import { migrate } from './migrator';

const url = process.env['DATABASE_URL'];
if (!url) {
  process.stderr.write(
    'DATABASE_URL is not set; example: postgres://kindline:secret@127.0.0.1:5432/kindline\n',
  );
  process.exit(1);
}
migrate(url, () => process.stdout.write('A table is in use; letting others pass and trying again …\n')).catch(
  (error: Error) => {
    process.stderr.write(`The database could not be migrated: ${error.message}\n`);
    process.exit(1);
  },
);
