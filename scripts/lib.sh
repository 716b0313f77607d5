# shellcheck shell=sh
# What the scripts share. Sourced, never run.

say() { printf '%s\n' "$*" >&2; }

have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root; fails where that cannot be had without asking.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# Installs Debian packages without asking anything. Fails where that cannot be done.
apt_install() {
    have apt-get || return 1
    say "installing: $*"
    # The list of packages may be missing or old on a fresh machine; an install that works without
    # fetching it again is the quicker one.
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null 2>&1 && return 0
    as_root apt-get update -qq </dev/null >/dev/null 2>&1 || return 1
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
}

# Makes cargo of a fresh rustup visible to this process.
add_cargo_to_path() {
    cargo_bin=${CARGO_HOME:-${HOME:-/root}/.cargo}/bin
    case ":$PATH:" in
        *":$cargo_bin:"*) ;;
        *) PATH=$PATH:$cargo_bin && export PATH ;;
    esac
}

# Prints cargo's flags: the fast JPEG path where it can be built, the pure-Rust one otherwise.
features() {
    if have cmake && have nasm; then
        echo "--features turbojpeg"
    else
        say "building without the turbojpeg feature: cmake or nasm is missing; thumbnails are slower"
    fi
}
