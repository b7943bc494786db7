#!/bin/sh
# What the container runs. Everything but /tmp may be read-only.
set -eu
sh /etc/kindline/configure.sh /tmp/console
exec nginx -e stderr -c /etc/kindline/nginx.conf -g 'daemon off;'
