#!/bin/sh
# Every event that the sources log by name is in tesserad(8).
set -u
src=${TESSERA_SRC:-.}
events=$(cat "$src"/src/engine/*.c "$src"/src/api/*.c "$src"/src/daemon/*.c | tr '\n' ' ' |
    grep -oE 'log_event\([^;"]*"[a-z_]+"' | grep -oE '"[a-z_]+"' | tr -d '"' | sort -u)
[ "$(printf '%s\n' "$events" | wc -l)" -gt 15 ] || { echo "too few log_event() found in $src/src" >&2; exit 1; }
failed=0
for event in $events; do
    grep -Eq "^\.BR? .*\b$event\b" "$src/doc/tesserad.8" || { echo "tesserad(8) does not say what $event is" >&2; failed=1; }
done
exit $failed
