#!/bin/sh
# Makes this overlay's secrets once, in secrets/, which git ignores.
set -eu
umask 077
cd "$(dirname "$0")"
[ ! -e secrets ] || { echo "secrets/ is there already" >&2; exit 1; }
mkdir secrets
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
postgres=$(random) redis=$(random)
cat > secrets/database.env <<END
POSTGRES_PASSWORD=$postgres
DATABASE_URL=postgres://kindline:$postgres@postgres:5432/kindline
END
cat > secrets/redis.env <<END
REDIS_PASSWORD=$redis
REDIS_URL=redis://:$redis@redis:6379
END
cat > secrets/auth.env <<END
JWT_SECRET=$(random)
BACKEND_SERVICE_TOKEN=$(random)
END
