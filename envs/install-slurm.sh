#!/usr/bin/env bash
# Make .venv-slurm: all that .venv has, and Snakemake's SLURM plugin. Usage, after install.sh: envs/install-slurm.sh
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.venv-slurm/.installed-$(cat envs/slurm.txt envs/constraints.txt envs/install-slurm.sh | sha256sum | cut -c1-16)
[ -e "$stamp" ] && exit 0
rm -rf .venv-slurm
.venv/bin/python -m venv --without-pip .venv-slurm
site_packages='import sysconfig; print(sysconfig.get_path("purelib"))'
base=$(.venv/bin/python -c "$site_packages")
echo "import site; site.addsitedir('$base')" >"$(.venv-slurm/bin/python -c "$site_packages")/venv.pth"
.venv/bin/pip --python .venv-slurm/bin/python install --quiet --disable-pip-version-check --no-deps --ignore-installed \
    -r envs/slurm.txt
touch "$stamp"
