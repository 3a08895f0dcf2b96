#!/bin/sh
# The table of settings in the daemon is the truth: tesserad.conf(5) has an entry of each with its default and whether a
# reload takes it over, conf/tesserad.conf shows each, and neither has one that is not there (any more).
set -u
src=${TESSERA_SRC:-.}
page=$src/doc/tesserad.conf.5
example=$src/conf/tesserad.conf
settings=$(mktemp) || exit 99
trap 'rm -f "$settings"' EXIT
src/daemon/tesserad --settings >"$settings" || exit 1
failed=0
wrong() {
    echo "$*" >&2
    failed=1
}

# Expected heads of entries: `.BR name " (default; start)"`, `.B name` when there is nothing to say.
expected=$(awk '/^#|^$/ { next } {
    rest = substr($0, 38)
    if (rest ~ /^\(must be given\)/) { value = "must be given" }
    else if (rest ~ /^ /) { value = "" }
    else { split(rest, w, " "); value = w[1] }
    width = length(value) > 22 ? length(value) : 22
    start = substr(rest, width + 2, 1) == "r" ? "" : "start"
    if ($1 == "facts_dir") { value = "/usr/share/tessera" } # depends on the build
    said = value (value != "" && start != "" ? "; " : "") start
    print said == "" ? ".B " $1 : ".BR " $1 " \" (" said ")\""
}' "$settings")
[ "$(printf '%s\n' "$expected" | wc -l)" -gt 40 ] || wrong "tesserad --settings lists too little"
printf '%s\n' "$expected" >"$settings"
while IFS= read -r line; do
    grep -Fxq -- "$line" "$page" || wrong "tesserad.conf(5) has no entry \"$line\""
    name=$(printf '%s\n' "$line" | cut -d' ' -f2)
    grep -Eq "(^|[^a-z_])${name##*.} = " "$example" || wrong "conf/tesserad.conf does not show $name"
done <"$settings"

# The other way round: every entry after the values' kinds is a setting.
awk '/^\.SH GENERAL/ { on = 1 } /^\.SH EXAMPLE/ { on = 0 } on && tp && /^\.BR? / { print $2 } { tp = /^\.TP/ }' "$page" |
    grep -vxE '(outbind_)?password_file|hosts' | while IFS= read -r name; do
    grep -Eq "^\.BR? $name( |\$)" "$settings" || { echo "tesserad.conf(5) has $name, which is no setting" >&2; exit 1; }
done || failed=1
exit $failed
