#!/bin/sh
# The layers of this tree hold, and check-layers says so when they do not: each case is a file with an include that
# must, or must not, be named as a breach.
set -u
check="${TESSERA_SRC:-$(dirname "$0")/../../..}/scripts/check-layers"
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
failed=0

fail() {
    echo "FAIL: $*"
    failed=1
}

# case_of FOLDER INCLUDE good|bad
case_of() {
    rm -rf "$dir/src"
    mkdir -p "$dir/src/$1"
    printf '/* a file */\n#include %s\n' "$2" >"$dir/src/$1/x.c"
    if out=$("$check" "$dir"); then got=good; else got=bad; fi
    [ "$got" = "$3" ] || fail "$1 with $2 is $got: $out"
    if [ "$3" = bad ]; then
        case $out in
        *"src/$1/x.c:2: "*) ;;
        *) fail "$1 with $2 does not name file and line: $out" ;;
        esac
    fi
}

case_of base '<stdio.h>' good
case_of base '"base/err.h"' good
case_of base '"config.h"' good
case_of base '"smpp/pdu.h"' bad
case_of smpp '"base/err.h"' good
case_of smpp '"query/lex.h"' bad
case_of query '"smpp/pdu.h"' bad
case_of domain '"query/tree.h"' good
case_of domain '"store/db.h"' bad
case_of store '"domain/message.h"' good
case_of store '"query/tree.h"' bad
case_of store '<lmdb.h>' good
case_of audience '"store/db.h"' good
case_of audience '"smpp/pdu.h"' bad
case_of audience '<lmdb.h>' bad
case_of audience '<roaring/roaring.h>' good
case_of net '"base/buf.h"' good
case_of net '"session/session.h"' bad
case_of net '<event2/event.h>' good
case_of net '<openssl/ssl.h>' good
case_of session '"smpp/pdu.h"' good
case_of session '"net/conn.h"' bad
case_of engine '"session/session.h"' good
case_of engine '"api/api.h"' bad
case_of engine '<event2/event.h>' bad
case_of api '"engine/engine.h"' good
case_of api '"store/db.h"' good
case_of api '"daemon/config.h"' bad
case_of api '<openssl/sha.h>' bad
case_of daemon '"api/api.h"' good
case_of daemon '"base/err.h"' good
case_of daemon '"cli/table.h"' bad
case_of daemon '"simulator/smsc.h"' bad
case_of daemon '<libconfig.h>' good
case_of daemon '<systemd/sd-daemon.h>' good
case_of cli '"base/err.h"' good
case_of cli '"net/http.h"' bad
case_of cli '<curl/curl.h>' good
case_of api '<curl/curl.h>' bad
case_of simulator '"session/session.h"' good
case_of simulator '"engine/engine.h"' bad
case_of smpp '"pdu.h"' bad
case_of smpp '"../base/err.h"' bad
case_of elsewhere '"base/err.h"' bad

"$check" || fail "the tree itself"
exit $failed
