#!/usr/bin/env bash
# Installs edgedigits for this user, or for everybody where root runs it. Run it again to bring a newer version.
#
#     ./install.sh                 # into ~/.local/share/edgedigits (root: /opt/edgedigits)
#     ./install.sh --picamera2     # with apt's picamera2, for ribbon cameras
#     ./install.sh --uninstall     # removes what it made
#
# A new version is installed beside the running one. The switch is one rename, made only after `edgedigits doctor` has
# shown that the new version reads; else the old one stays.
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: install.sh [--picamera2] [--wheel FILE] [--bundle FOLDER] [--prefix FOLDER] [--uninstall]

  --picamera2       read ribbon cameras with the picamera2 of Raspberry Pi OS
  --wheel FILE      install this wheel [default: beside this script, else its checkout, else the package index]
  --bundle FOLDER   read with this exported model
  --prefix FOLDER   where to install [default: ~/.local/share/edgedigits; for root /opt/edgedigits]
  --uninstall       remove what this script made, and the models that were installed since
Settings: PYTHON=python3, the interpreter to use (3.10 or newer)
USAGE
}

say() { printf '%s\n' "$*"; }
fail() { printf 'Error: %s\n' "$*" >&2; exit "${code:-1}"; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
wheel='' bundle='' picamera2='' uninstall=''
if [ "$(id -u)" = 0 ]; then
    prefix=/opt/edgedigits command=/usr/local/bin/edgedigits
else
    prefix=${XDG_DATA_HOME:-$HOME/.local/share}/edgedigits command=$HOME/.local/bin/edgedigits
fi
while [ $# -gt 0 ]; do
    case $1 in
        --picamera2) picamera2=--picamera2 ;;
        --uninstall) uninstall=yes ;;
        --wheel | --bundle | --prefix)
            case ${2:-} in '' | --*) code=2 fail "$1 needs a name after it (--help lists what there is)." ;; esac
            case $1 in
                --wheel) wheel=$2 ;;
                --bundle) bundle=$2 ;;
                --prefix) case $2 in /*) prefix=$2 ;; *) prefix=$PWD/$2 ;; esac; command=$prefix/bin/edgedigits ;;
            esac
            shift ;;
        -h | --help) usage; exit 0 ;;
        *) code=2 fail "there is no option $1 (--help lists what there is)." ;;
    esac
    shift
done

# --- what is removed is only what was made -------------------------------------------------------------------------
if [ -n "$uninstall" ]; then
    if [ ! -e "$prefix/versions" ]; then
        say "Nothing to remove: edgedigits is not installed in $prefix."
        exit 0
    fi
    if [ -e /etc/systemd/system/edgedigits.service ] && grep -qF "$prefix/" /etc/systemd/system/edgedigits.service; then
        fail "the service runs from $prefix; remove it first: sudo $command service remove"
    fi
    rm -rf "$prefix/versions" "$prefix/current" "$prefix/models"
    [ "$(readlink "$command" 2>/dev/null)" != "$prefix/current/bin/edgedigits" ] || rm -f "$command"
    rmdir "$prefix/bin" "$prefix" 2>/dev/null || true
    say "Removed edgedigits from $prefix."
    exit 0
fi

# --- what there is to install, and from where ----------------------------------------------------------------------
command -v "$python" >/dev/null || fail "$python is not installed: sudo apt install python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "$("$python" --version) is too old; edgedigits needs Python 3.10 or newer (Raspberry Pi OS Bookworm)."
[ -z "$wheel" ] || [ -f "$wheel" ] || code=2 fail "--wheel $wheel does not exist; \`make wheel\` writes one to dist/."
[ -z "$bundle" ] || [ -f "$bundle/manifest.json" ] ||
    code=2 fail "--bundle $bundle is no bundle; name a folder that \`edgedigits export\` wrote."
work=$(mktemp -d)
made=''
clean_up() { rm -rf "$work"; [ -z "$made" ] || rm -rf "$made"; }
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -z "$wheel" ]; then
    wheel=$(find "$here" "$here/dist" -maxdepth 1 -name 'edgedigits-[0-9]*.whl' 2>/dev/null | sort -V | tail -n 1 || true)
fi
if [ -n "$wheel" ]; then
    source=$(realpath "$wheel")
    describes=$source
elif [ -f "$here/runtime/pyproject.toml" ]; then
    source=$here/runtime
    describes=$source
else
    source=edgedigits
    describes=''
fi

has_pip() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }
updated=''
apt_install() { # for minutes, on a small board
    local missing=() sudo=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || { say "There is no apt-get here to install ${missing[*]}." >&2; return 1; }
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "these packages are missing: apt install ${missing[*]} (as root)"
        sudo=(sudo)
    fi
    say "Installing Debian's ${missing[*]}, which takes minutes: there is no wheel for this machine, or Python needs it."
    # a source of somebody else's that fails need not concern these packages
    [ -n "$updated" ] || "${sudo[@]}" apt-get update -qq || true
    updated=yes
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
apt_require() {
    apt_install "$@" || fail "apt-get cannot install $* (see above); try it: sudo apt-get update; sudo apt-get install $*"
}
has_pip || apt_require python3-venv
has_pip || fail "$python cannot make environments: sudo apt install python3-venv"

if [ -z "$describes" ]; then
    "$python" -m venv "$work/fetch"
    "$work/fetch/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$work" edgedigits ||
        fail "no wheel is here and the package index has none; put edgedigits-*.whl beside this script (make wheel)."
    source=$(find "$work" -maxdepth 1 -name 'edgedigits-*.whl')
    describes=$source
fi
plan=$(PYTHONPATH=$describes "$python" -m edgedigits.offers $picamera2)
field() { printf '%s\n' "$plan" | sed -n "s/^$1: *//p"; }

say "This is $(field machine): $(field engine) will read."
read -ra from_apt <<<"$(field apt)"
if [ ${#from_apt[@]} -gt 0 ]; then
    apt_require "${from_apt[@]}"
    plan=$(PYTHONPATH=$describes "$python" -m edgedigits.offers $picamera2) # numpy may have come with them
fi
engine=$(field apt-engine)
if [ -n "$engine" ] && ! apt_install "$engine"; then
    say "This system's package sources have no $engine (see above): OpenCV's own engine will read."
fi

# --- beside the running version ------------------------------------------------------------------------------------
version=$(date -u +%Y%m%d-%H%M%S)-$$
mkdir -p "$prefix/versions"
made=$prefix/versions/$version
options=()
[ "$(field system-packages)" = no ] || options=(--system-site-packages)
say "Installing into $made (an environment of its own: the system's Python stays as it is) …"
"$python" -m venv "${options[@]}" "$made"
pip=("$made/bin/pip" --quiet --disable-pip-version-check)
read -ra constraints <<<"$(field constraints)"
printf '%s\n' "${constraints[@]}" >"$work/constraints.txt"
if [ "$(field whole)" = yes ]; then
    "${pip[@]}" install --only-binary=numpy,opencv-python-headless,onnxruntime --constraint "$work/constraints.txt" \
        "${source}[$(field extras)]"
else
    read -ra packages <<<"$(field pip)"
    "${pip[@]}" install --only-binary=:all: "${packages[@]}"
    "${pip[@]}" install --no-deps "$source"
fi

# --- proved before it is used --------------------------------------------------------------------------------------
say "Proving that it reads …"
proof=("$made/bin/edgedigits" doctor)
[ -z "$bundle" ] || proof+=(--bundle "$(realpath "$bundle")")
if ! "${proof[@]}"; then
    if [ -e "$prefix/current" ]; then
        fail "the new version does not read here (see above); the one that was installed stays."
    fi
    fail "it does not read here (see above); nothing was installed."
fi
previous=$(readlink "$prefix/current" || true)
ln -s "versions/$version" "$prefix/current.$$"
mv -T "$prefix/current.$$" "$prefix/current"
made=''
mkdir -p "$(dirname "$command")"
ln -sfn "$prefix/current/bin/edgedigits" "$command"
if [ -n "$bundle" ]; then
    "$command" models install "$(realpath "$bundle")"
fi
# the one before stays, to go back to
for folder in "$prefix"/versions/*; do
    case "versions/${folder##*/}" in "versions/$version" | "$previous") ;; *) rm -rf "$folder" ;; esac
done
if [ "$(id -u)" = 0 ] && command -v systemctl >/dev/null && systemctl is-active --quiet edgedigits.service 2>/dev/null; then
    systemctl restart edgedigits.service
fi

say "Installed. Try: edgedigits predict photo.jpg"
case ":$PATH:" in
    *":$(dirname "$command"):"*) ;;
    *) say "$(dirname "$command") is not in PATH yet: log in again, or call $command" ;;
esac
say "To keep it reading from a camera: sudo $command service install"
