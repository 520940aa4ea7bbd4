#!/usr/bin/env bash
# Make .venv with the pinned packages; does nothing when it already has them. Usage: envs/install.sh [python3.11]
set -euo pipefail
cd "$(dirname "$0")/.."

is_311() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; }

for candidate in "${1:-python3.11}" ${1:-python3}; do
    if is_311 "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "${python:-}" ]; then
    found=$("${1:-python3}" --version 2>/dev/null || echo "missing")
    echo "anonbench needs Python 3.11, but ${1:-python3} is ${found#Python }: install Python 3.11," \
        "or name it: make PYTHON=/path/to/python3.11 …" >&2
    exit 1
fi

stamp=.venv/.installed-$(cat envs/*.txt envs/install.sh pyproject.toml | sha256sum | cut -c1-16)
[ -e "$stamp" ] && exit 0
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    echo "$python cannot make virtual environments: install its venv package (on Debian and Ubuntu python3.11-venv)." >&2
    exit 1
fi
echo "Setting up .venv from envs/ (about 4 minutes, 6 GB) …" >&2
rm -f .venv/.installed-*
"$python" -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check -r envs/requirements.txt -r envs/dev.txt
.venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r envs/models.no-deps.txt -r envs/dev.no-deps.txt
.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .  # the command `anonbench`
touch "$stamp"
