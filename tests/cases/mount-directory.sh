#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A directory with many entries: all are listed once, and removing while reading skips nothing.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
t_mount -o ram=4M
mkdir "$MNT/d"
cd "$MNT/d"
seq -f 'name-%06.0f' 1 20000 >"$T/names"
xargs -n 2000 touch <"$T/names"
find . -type f -printf '%f\n' | sort >"$T/found"
cmp "$T/names" "$T/found" || t_fail "not every name is listed exactly once"
t_eq "$(stat -c %h .)" 2 "links of the directory"

# find deletes as it reads.
find . -name 'name-*[02468]' -delete
t_eq "$(find . -type f | wc -l)" 10000 "files left"
t_eq "$(find . -name 'name-*[02468]' | wc -l)" 0 "even ones left"
# Names that come now are behind what is there; the others keep their places.
touch later
rm name-000001
t_eq "$(find . -type f | wc -l)" 10000 "files left"
cd "$T"
rm -r "$MNT/d"
t_eq "$(ls "$MNT")" $'dev\nproc' "what is left"
