#!/bin/sh
# What the programs say of themselves (--help) is the truth: the manual page of each has every option, and no page has one
# that is in no program (any more).
set -u
src=${TESSERA_SRC:-.}
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
failed=0

# options: those of a text, one a line; "\-" is how a page writes "-".
options() {
    sed 's/\\-/-/g; s/\\f[BIPR]//g' | grep -oE -- '--[a-z][a-z0-9-]*' | sort -u
}

src/daemon/tesserad --help >"$dir/tesserad" || exit 1
src/simulator/tessera-smsc --help >"$dir/tessera-smsc" || exit 1
src/cli/tessera --help >"$dir/tessera" || exit 1
# A command a line, "  noun verb WORD...  what it does": each has a help of its own.
sed -n 's/^  \([a-z][a-z]*\( [a-z][a-z]*\)*\).*/\1/p' "$dir/tessera" >"$dir/commands"
[ "$(wc -l <"$dir/commands")" -gt 60 ] || { echo "tessera --help lists too little" >&2; failed=1; }
while IFS= read -r command; do
    # shellcheck disable=SC2086
    src/cli/tessera $command --help </dev/null || { echo "tessera $command has no --help" >&2; failed=1; }
done <"$dir/commands" >>"$dir/tessera"

for program in tesserad tessera-smsc tessera; do
    options <"$dir/$program" >"$dir/$program.options"
done
# "--name value" is said of any option; the others are options of curl and systemctl in examples.
{ cat "$dir"/*.options; printf '%s\n' --name --unix-socket --now; } | sort -u >"$dir/all"
for page in tesserad.8 tessera-smsc.1 tessera.1; do
    options <"$src/doc/$page" >"$dir/page"
    comm -23 "$dir/${page%.*}.options" "$dir/page" | sed "s|^|doc/$page has no |" >"$dir/wrong"
    comm -13 "$dir/all" "$dir/page" | sed "s|^|no program has what doc/$page has: |" >>"$dir/wrong"
    [ ! -s "$dir/wrong" ] || { cat "$dir/wrong" >&2; failed=1; }
done
exit $failed
