#!/bin/sh
# From docker/, with the new KINDLINE_VERSION in .env: new replicas beside the old ones, then without them.
# README.md, Upgrade, says what comes before.
set -eu
docker compose up -d --force-recreate migrate
if [ "$(docker wait "$(docker compose ps -aq migrate)")" != 0 ]; then
  docker compose logs migrate
  exit 1
fi
# Workers first: an older one would not know what newer services ask of it.
for service in notification-worker scheduler session-api chat-gateway; do
  old=$(docker compose ps -q "$service")
  count=$(echo "$old" | wc -w)
  if ! docker compose up -d --no-recreate --wait --scale "$service=$((count * 2))" "$service"; then
    # As it was before: the old ones serve.
    for replica in $(docker compose ps -aq "$service"); do
      case " $(echo $old) " in
        *" $replica "*) ;;
        *) docker compose logs --tail 20 "$service" >&2; docker rm -f "$replica" ;;
      esac
    done
    exit 1
  fi
  # Until the load balancer has found the new ones and asked them twice.
  sleep 5
  # Each drains, and its clients come back to a new one.
  for replica in $old; do
    docker stop -t 30 "$replica"
    docker rm "$replica"
  done
done
