# Shared by quickstart and check: installing what is needed and building outside of the source tree. Sourced, not run.

top=$(cd "$(dirname "$0")/.." && pwd)
build=${TESSERA_BUILD_DIR:-${TMPDIR:-/tmp}/tessera-build-$(id -u)-$(printf '%s' "$top" | cksum | cut -d' ' -f1)}
jobs=$(nproc 2>/dev/null || echo 2)

say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null 2>&1; then sudo "$@"; else return 1; fi
}

# need COMMAND-OR-FILE PACKAGE ...: remembers the packages whose command (or file, when it has a slash) is missing.
missing=
need() {
    case $1 in
    /*) for f in $1; do [ -e "$f" ] && return 0; done ;;
    *) command -v "$1" >/dev/null 2>&1 && return 0 ;;
    esac
    shift
    missing="$missing $*"
}

install_missing() {
    [ -n "$missing" ] || return 0
    say "Installing:$missing"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null ||
        die "cannot run apt-get update as root; install these packages yourself:$missing"
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
        die "apt-get could not install:$missing"
    missing=
}

need_build_tools() {
    need gcc gcc libc6-dev
    need make make
    need autoreconf autoconf
    need automake automake
    need pkg-config pkg-config
    need /usr/include/event2/event.h libevent-dev
    need /usr/include/openssl/ssl.h libssl-dev
    need /usr/include/libconfig.h libconfig-dev
    need /usr/include/lmdb.h liblmdb-dev
    need /usr/include/roaring/roaring.h libroaring-dev
    need /usr/include/pcre2.h libpcre2-dev
    need /usr/include/jansson.h libjansson-dev
    need "/usr/include/*/curl/curl.h" libcurl4-openssl-dev
    need /usr/include/utf8proc.h libutf8proc-dev
    need /usr/include/csv.h libcsv-dev
    need /usr/include/systemd/sd-daemon.h libsystemd-dev
    need /usr/include/cmocka.h libcmocka-dev
    need /usr/share/zoneinfo/Europe/Berlin tzdata
}

# The sources as they are, copied to $build/src and made ready there: nothing is generated in the checkout.
prepare_sources() {
    mkdir -p "$build/src"
    (cd "$top" && { git ls-files -co --exclude-standard -z 2>/dev/null || find . -type f -print0; } |
        while IFS= read -r -d '' f; do [ -e "$f" ] && printf '%s\0' "$f"; done |
        xargs -0 cp -u --parents -t "$build/src") || die "cannot copy the sources to $build/src"
    if [ ! -x "$build/src/configure" ] || [ -n "$(find "$build/src" -newer "$build/src/configure" \
        \( -name '*.ac' -o -name '*.am' -o -name '*.mk' \) -print -quit)" ]; then
        (cd "$build/src" && autoreconf -i >"$build/autoreconf.log" 2>&1) ||
            { cat "$build/autoreconf.log"; die "autoreconf failed"; }
    fi
}

# configure_in DIR [VAR=VALUE | --option] ...
configure_in() {
    dir=$1
    shift
    mkdir -p "$dir"
    if [ ! -f "$dir/Makefile" ] || [ "$build/src/configure" -nt "$dir/Makefile" ]; then
        (cd "$dir" && "$build/src/configure" "$@" >configure.log 2>&1) ||
            { tail -n 30 "$dir/configure.log"; die "configure failed; see $dir/config.log"; }
    fi
}
