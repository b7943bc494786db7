#!/bin/sh
# configure.sh FOLDER: writes there what nginx.conf takes from the environment. The settings are the session API's
# (docs/operations.md), and so are the answers and headers: test/docker/console.spec.ts compares them.
set -eu
# So that A-Z means these letters.
export LC_ALL=C
folder=$1

fail() {
  echo "$1" >&2
  exit 1
}

# What is neither part of a URL nor a space would have to be escaped, once for JSON and once for nginx.
check() {
  case $2 in
  '') fail "$1: is required (example: $3)" ;;
  *[!A-Za-z0-9:/._~%?=\&+@\ -]*) fail "$1: holds characters that it must not (example: $3)" ;;
  esac
}

check_url() {
  check "$1" "$2" "$3"
  case $2 in
  *' '*) fail "$1: must be an http:// or https:// URL (example: $3)" ;;
  http://?* | https://?*) ;;
  *) fail "$1: must be an http:// or https:// URL (example: $3)" ;;
  esac
}

# Scheme, host and port of a URL.
origin_of() {
  rest=${1#*://}
  echo "${1%%://*}://${rest%%[/?]*}"
}

scope=${CONSOLE_OIDC_SCOPE:-openid profile email}
leave=${CONSOLE_LEAVE_URL:-https://www.wikipedia.org/}
gateway=${CONSOLE_GATEWAY_URL:-}
gateway=${gateway%/}
client=${CONSOLE_OIDC_CLIENT_ID:-}
authority=${JWT_ISSUER:-}
check_url CONSOLE_GATEWAY_URL "$gateway" https://chat.example.org
[ "$gateway" = "$(origin_of "$gateway")" ] ||
  fail 'CONSOLE_GATEWAY_URL: must be an http:// or https:// URL without a path (example: https://chat.example.org)'
check_url JWT_ISSUER "$authority" https://id.example.org
check_url CONSOLE_LEAVE_URL "$leave" https://www.wikipedia.org/
check CONSOLE_OIDC_CLIENT_ID "$client" kindline-console
check CONSOLE_OIDC_SCOPE "$scope" 'openid profile email'

mkdir -p "$folder"
cat >"$folder/config.json" <<END
{"gatewayUrl":"$gateway","apiUrl":"","demo":false,"oidc":{"authority":"$authority","clientId":"$client","scope":"$scope"},"leaveUrl":"$leave"}
END

policy="default-src 'none';script-src 'self';style-src 'self' 'unsafe-inline';img-src 'self' data:;font-src 'self'"
policy="$policy;media-src 'self' blob:;manifest-src 'self'"
policy="$policy;connect-src 'self' $gateway ws${gateway#http} $(origin_of "$authority")"
policy="$policy;frame-ancestors 'none';base-uri 'none';form-action 'self'"
cat >"$folder/headers.conf" <<END
add_header Content-Security-Policy "$policy" always;
add_header Permissions-Policy "microphone=(self), camera=(), geolocation=()" always;
add_header Referrer-Policy no-referrer always;
add_header X-Content-Type-Options nosniff always;
add_header X-Frame-Options DENY always;
add_header Cross-Origin-Opener-Policy same-origin always;
add_header Cross-Origin-Resource-Policy same-origin always;
add_header Origin-Agent-Cluster ?1 always;
add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
END

# Where there is no IPv6 nginx would not start.
: >"$folder/listen.conf"
if [ -e /proc/net/if_inet6 ]; then echo 'listen [::]:8080;' >"$folder/listen.conf"; fi
