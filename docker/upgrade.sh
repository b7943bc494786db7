#!/bin/sh
# From docker/, with the new KINDLINE_VERSION in .env: new replicas beside the old ones, then without them.
# README.md, Upgrade, says what comes before.
set -eu
compose() { docker compose --progress quiet "$@"; }
compose up -d --force-recreate migrate
if [ "$(docker wait "$(compose ps -aq migrate)")" != 0 ]; then
  compose logs migrate
  exit 1
fi
# Workers first: an older one would not know what newer services ask of it.
for service in notification-worker scheduler session-api chat-gateway; do
  count=$(compose ps -aq "$service" | wc -w)
  # One that has stopped would only be started again, as the old version.
  compose rm -f "$service" >/dev/null
  old=$(echo $(compose ps -q "$service"))
  echo "$service: starting $count"
  if ! compose up -d --no-recreate --wait --scale "$service=$(($(echo "$old" | wc -w) + count))" "$service"; then
    compose logs --tail 20 "$service" >&2
    # As it was before: the old ones serve.
    for replica in $(compose ps -aq "$service"); do
      case " $old " in *" $replica "*) ;; *) docker rm -f "$replica" >/dev/null ;; esac
    done
    echo "$service: the new ones do not become healthy; the old ones go on" >&2
    exit 1
  fi
  # Until the load balancer has found the new ones and asked them twice.
  sleep 5
  # Each drains, and its clients come back to a new one.
  for replica in $old; do
    docker stop -t 30 "$replica" >/dev/null
    docker rm "$replica" >/dev/null
  done
  echo "$service: replaced"
done
# Only files: whoever has the page keeps it, and for a second nobody gets it anew.
if [ -n "$(compose ps -q console)" ]; then
  compose up -d --no-deps --wait console
  echo "console: replaced"
fi
