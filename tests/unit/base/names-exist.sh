#!/bin/sh
# What comments and the documents name is there: each file ("env.c", "src/store/env.h", "conf/quiet_hours.tsv") and each
# function written with parentheses ("spool_poll()"). A comment that names what is gone misleads more than none.
# usage: names-exist.sh [SOURCE-TREE]; without one, the tree of this test, and then that the test itself can fail.
set -u

# check TREE: prints what is named and not there; false when there is something.
check() {
    tree=$(cd "$1" && pwd) || return 1
    (
        cd "$tree" || exit 1
        sources=$(find src tests -name '*.[ch]' -o -name '*.cc' -o -name '*.def')
        documents=$(find . -maxdepth 2 -name '*.md')
        find src tests conf doc scripts -type f | grep -v node_modules
        echo --
        # shellcheck disable=SC2086
        awk '
function comment(text) { print "c " FILENAME ":" FNR " " text }
FNR == 1 { inside = 0; is_source = FILENAME ~ /\.(c|h|cc|def)$/ }
!is_source { comment($0); next }
{
    rest = $0
    while (rest != "") {
        if (inside) {
            end = index(rest, "*/")
            comment(end ? substr(rest, 1, end - 1) : rest)
            if (!end) break
            rest = substr(rest, end + 2)
            inside = 0
        } else {
            start = index(rest, "/*")
            line = index(rest, "//")
            if (line && (!start || line < start) && substr(rest, 1, line - 1) !~ /["]/) {
                comment(substr(rest, line + 2))
                rest = substr(rest, 1, line - 1)
                start = 0
            }
            print "i " (start ? substr(rest, 1, start - 1) : rest)
            if (!start) break
            rest = substr(rest, start + 2)
            inside = 1
        }
    }
}' $sources $documents
    ) | awk '
BEGIN {
    split("lmdb.h mdb.c roaring.h syslog.h config.h", f, " ")
    for (i in f) base[f[i]] = 1       # of libraries, or made by configure: add what else is not ours
    split("lgamma cume_dist getaddrinfo", g, " ")
    for (i in g) known[g[i]] = 1
    listing = 1
}
listing && $0 == "--" { listing = 0; next }
listing {
    path[$0] = 1
    n = split($0, p, "/")
    base[p[n]] = 1
    tail = p[n]
    for (i = n - 1; i > 1; i--) { tail = p[i] "/" tail; path[tail] = 1 }
    next
}
/^i / {
    rest = $0
    while (match(rest, /[A-Za-z_][A-Za-z_0-9]*/)) {
        known[substr(rest, RSTART, RLENGTH)] = 1
        rest = substr(rest, RSTART + RLENGTH)
    }
    next
}
{
    where = $2
    rest = substr($0, length($1) + length($2) + 3)
    text = rest
    while (match(text, /[A-Za-z_0-9.\/<~$-]*[a-z_0-9]\.(c|h|cc|def|tsv|mjs)([^A-Za-z_0-9.]|$)/)) {
        name = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        sub(/[^A-Za-z_0-9]$/, "", name)
        if (name ~ /^[.\/<~$]/ || name ~ /^-/) continue  # not of this tree
        if (name ~ /\// ? !(name in path) : !(name in base))
            files[++n_files] = where ": " name
    }
    text = rest
    while (match(text, /[a-z_][a-z_0-9]*\(\)/)) {
        name = substr(text, RSTART, RLENGTH - 2)
        text = substr(text, RSTART + RLENGTH)
        calls[++n_calls] = name
        at[n_calls] = where
    }
}
END {
    for (i = 1; i <= n_files; i++) { print files[i] ", which is not there"; bad = 1 }
    for (i = 1; i <= n_calls; i++)
        if (!(calls[i] in known)) { print at[i] ": " calls[i] "(), which is not there"; bad = 1 }
    exit bad
}'
}

if [ $# -gt 0 ]; then
    check "$1"
    exit
fi
failed=0
check "${TESSERA_SRC:-$(dirname "$0")/../../..}" || failed=1

dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/src/base" "$dir/tests" "$dir/conf" "$dir/doc" "$dir/scripts"
printf '/* As in other.c, src/base/gone.h and <stdio.h>; here_it() and away_it() do it. */\nint here_it(void);\n' >"$dir/src/base/here.h"
# shellcheck disable=SC2016
printf 'See `src/base/here.h`, `base/here.h` and `conf/lost.tsv`.\n' >"$dir/doc/A.md"
out=$(check "$dir")
for name in other.c src/base/gone.h 'away_it()' conf/lost.tsv; do
    case $out in
    *"$name, which is not there"*) ;;
    *) echo "FAIL: $name is not noticed: $out"; failed=1 ;;
    esac
done
[ "$(printf '%s\n' "$out" | wc -l)" = 4 ] || { echo "FAIL: more is noticed: $out"; failed=1; }
exit $failed
