#!/usr/bin/env bash
# Installs edgedigits on another machine over ssh, with a model: copies a wheel, install.sh and a bundle there, and runs
# install.sh, which puts the new version beside the running one, proves that it reads, and only then switches over.
#
#     ./deploy.sh pi@raspberrypi.local dist/edgedigits-0.1.0-py3-none-any.whl [install.sh's options]
#
# Settings: SSH="ssh -p 2222" for another command; BUNDLE=build/bundle for the model to read with.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() { printf 'Error: %s\n' "$*" >&2; exit 2; }
[ $# -ge 2 ] || fail "usage: deploy.sh USER@HOST WHEEL [install.sh's options]"
host=$1 wheel=$2
shift 2
read -ra ssh <<<"${SSH:-ssh}"
[ -f "$wheel" ] || fail "$wheel does not exist; \`make wheel\` writes one to dist/."

parcel=$(mktemp -d)
trap 'rm -rf "$parcel"' EXIT
cp "$here/install.sh" "$wheel" "$parcel/"
if [ -n "${BUNDLE:-}" ]; then
    [ -f "$BUNDLE/manifest.json" ] || fail "$BUNDLE is no bundle; \`make export\` writes one to build/bundle."
    cp -RL "$BUNDLE" "$parcel/bundle"
    set -- --bundle bundle "$@"
fi
options=''
[ $# = 0 ] || options=$(printf '%q ' "$@")
printf 'Copying %s to %s …\n' "$(basename "$wheel")${BUNDLE:+ and $BUNDLE}" "$host"
# the parcel comes through the connection that runs install.sh, so that one password is asked for, once
# shellcheck disable=SC2016 # $d is the other machine's
tar -C "$parcel" -c . | "${ssh[@]}" "$host" \
    'd=$(mktemp -d) && trap "rm -rf $d" EXIT && tar -x -C "$d" && cd "$d" && ./install.sh --wheel ./*.whl '"$options"
