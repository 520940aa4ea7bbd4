#!/usr/bin/env bash
# Make .venv with the pinned packages; does nothing when it already has them. Usage: envs/install.sh [python3.11]
set -euo pipefail
cd "$(dirname "$0")/.."

python=${1:-}
for candidate in $python python3.11 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
        python=$(command -v "$candidate")
        break
    fi
    [ -n "${1:-}" ] && break
done
if ! { [ -n "$python" ] && "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; }; then
    echo "anonbench needs Python 3.11, but ${1:-python3} is $("${1:-python3}" --version 2>/dev/null || echo missing):" \
        "install Python 3.11, or name it: make PYTHON=/path/to/python3.11 …" >&2
    exit 1
fi

stamp=.venv/.installed-$(cat envs/*.txt envs/install.sh | sha256sum | cut -c1-16)
[ -e "$stamp" ] && exit 0
echo "Setting up .venv from envs/ (about 4 minutes, 6 GB) …" >&2
rm -f .venv/.installed-*
"$python" -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check -r envs/requirements.txt -r envs/dev.txt
.venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r envs/openmmlab.txt
touch "$stamp"
